"""`{% once %}`: made once for each language; and no template puts anything into it that differs from page to page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Context, Engine
from django.utils.translation import override

from tests.servers import ROOT

TEMPLATES = [
    path for folder in ("apps", "monolith") for path in Path(ROOT, folder).rglob("templates/**/*.html")
]
BLOCK = re.compile(r"{% once %}(.*?){% endonce %}", re.DOTALL)
SAME_EVERYWHERE = {"site_name", "site_url", "links"}


def test_it_is_made_once_for_each_language():
    template = Engine.get_default().from_string(
        "{% load i18n once %}{% once %}{% translate 'Search' %} {{ said }}{% endonce %} {{ said }}"
    )

    def shown(language: str, said: str) -> str:
        with override(language):
            return template.render(Context({"said": said}))

    assert shown("en", "one") == "Search one one"
    assert shown("es", "two") == "Buscar two two"
    assert shown("en", "three") == "Search one three"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_what_is_in_it_is_the_same_on_every_page(path):
    assert not differing(path.read_text())


def test_which_is_noticed():
    assert differing("{% once %}<b>{{ request.user }}</b>{% endonce %}") == ["request"]
    assert differing("{% once %}{% personal 'web/account.html' %}{% endonce %}") == ["personal"]


def differing(source: str) -> list[str]:
    """What it uses inside of its blocks beyond what is the same on every page."""
    found = []
    for block in BLOCK.findall(source):
        values = re.findall(r"{{ *(\w+)", block)
        loops = {name for names in re.findall(r"{% for ([\w, ]+) in", block) for name in names.split(", ")}
        named = set(re.findall(r" as (\w+) %}", block)) | loops
        found += [value for value in values if value not in SAME_EVERYWHERE | named]
        found += re.findall(r"{% (personal|csrf_token|block)\b", block)
    return found
