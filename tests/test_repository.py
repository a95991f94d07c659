"""Habits of the whole repository that a machine can see to."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from tests import weigh
from tests.servers import ROOT

SOURCES = ("apps", "bench", "functions", "monolith", "seam", "tests")
PYTHON_FILES = sorted(path for source in SOURCES for path in (ROOT / source).rglob("*.py"))
TEMPLATES = sorted(path for source in SOURCES for path in (ROOT / source).rglob("templates/**/*.html"))
SCRIPTS = sorted(path for path in (ROOT / "bin").iterdir() if path.is_file())
# What the Content-Security-Policy would refuse, and a reader of the page would miss without knowing why.
INLINE = {
    "a script without src": re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*\btype=\"application/(?:ld\+)?json\")", re.I
    ),
    "a style element": re.compile(r"<style\b", re.I),
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I),
    "a javascript: address": re.compile(r"=\s*[\"']?\s*javascript:", re.I),
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def opening_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


def inline(template: str) -> list[str]:
    return [what for what, pattern in INLINE.items() if pattern.search(template)]


def test_every_python_file_opens_with_a_line_that_says_its_job() -> None:
    files = [path for path in PYTHON_FILES if "migrations" not in path.parts and path.stat().st_size]
    assert [name(path) for path in files if len(opening_line(path)) < 12] == []


def test_what_is_listed_as_heavy_is_there() -> None:
    """Renamed or gone: `python -m tests.weigh` writes the list anew."""
    named = [(one, *one.split("::")) for one in sorted(weigh.listed())]
    text = {file: ROOT.joinpath(file).read_text() for file in {file for _, file, *_ in named}}
    assert [one for one, file, *names in named if f"def {names[-1]}(" not in text[file]] == []


def test_every_script_says_what_it_does() -> None:
    for path in SCRIPTS:
        shebang, _, rest = path.read_text().partition("\n")
        assert shebang.startswith("#!"), name(path)
        assert re.match(r'\n?(# |""")\w', rest), (
            f"{name(path)} does not begin with a line that says what it does"
        )
        assert os.access(path, os.X_OK), f"{name(path)} can't be run"


@pytest.mark.parametrize("template", [one for one in TEMPLATES if one.name != "mail.html"], ids=name)
def test_templates_of_pages_hold_nothing_inline(template: Path) -> None:
    assert inline(template.read_text()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "<script>alert(1)</script>",
        "<style>a { color: red }</style>",
        '<p class="a" style="color: red">',
        "<a href='/' onclick='go()'>",
        '<a href="javascript:go()">',
    ],
)
def test_what_is_inline_is_seen(wrong: str) -> None:
    assert len(inline(wrong)) == 1


def test_what_is_not_inline_is_let_through() -> None:
    assert inline('<script src="/static/a.js" defer></script><p class="style" data-on="x">on a = b</p>') == []


def test_the_image_leaves_out_what_is_secret_or_of_no_use() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".*", "data", "tests", "**/*.mo"} <= set(ignored)
