"""The parts pages are made of: what they put out for what they are given."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.formats import date_format

from monolith.web.links import URL_NAMES

PICTURE: dict[str, Any] = {
    "alt": 'Dunes & "dusk"',
    "width": 1600,
    "height": 2000,
    "placeholder": "data:image/webp;base64,AAAA",
    "avif": "/media/r/a/320.avif 320w, /media/r/a/640.avif 640w",
    "webp": "/media/r/a/320.webp 320w, /media/r/a/640.webp 640w",
    "fallback_src": "/media/r/a/640.jpg",
    "fallback_srcset": "/media/r/a/320.jpg 320w, /media/r/a/640.jpg 640w",
}


def picture(**changes: Any) -> str:
    return render_to_string("web/picture.html", {"picture": PICTURE | changes, "sizes": "50vw"})


def test_a_picture_offers_every_format_and_holds_its_place() -> None:
    html = picture()
    assert html.index('type="image/avif"') < html.index('type="image/webp"') < html.index("640.jpg")
    assert html.count('sizes="50vw"') == 3
    assert 'alt="Dunes &amp; &quot;dusk&quot;"' in html
    assert html.count('width="1600" height="2000"') == 2  # the placeholder and the picture: no layout shift
    assert 'loading="lazy"' in html


def test_sizes_are_numbers_in_every_language(settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    with translation.override("es"):
        assert picture(width=12000).count('width="12000"') == 2


def test_a_picture_above_the_fold_is_not_lazy() -> None:
    html = render_to_string("web/picture.html", {"picture": PICTURE, "sizes": "50vw", "eager": True})
    assert "lazy" not in html
    assert 'fetchpriority="high"' in html


def test_nothing_shows_through_a_picture_with_transparent_parts() -> None:
    assert PICTURE["placeholder"] not in picture(fallback_src="/media/r/a/640.png")


def test_a_picture_whose_renditions_are_still_made_shows_its_placeholder() -> None:
    html = picture(avif="", webp="", fallback_src="", fallback_srcset="")
    assert "<source" not in html
    assert PICTURE["placeholder"] in html
    assert "Dunes" in html


@pytest.mark.parametrize("nothing", [None, SimpleNamespace(fallback_src="", placeholder="")])
def test_without_a_picture_there_is_a_tile(nothing: object) -> None:
    html = render_to_string("web/picture.html", {"picture": nothing, "sizes": "50vw"})
    assert "picture--tile" in html
    assert "<img" not in html


class Form(forms.Form):
    title = forms.CharField(help_text="On the card.")
    note = forms.CharField(required=False)
    secret = forms.CharField(widget=forms.PasswordInput)
    agree = forms.BooleanField()
    state = forms.ChoiceField(choices=[("d", "Draft"), ("p", "Published")], widget=forms.RadioSelect)


def test_a_field_ties_its_help_and_errors_to_its_input() -> None:
    html = str(Form({"title": ""}))
    described = re.search(r'<input[^>]*name="title"[^>]*aria-describedby="([^"]+)"', html)
    assert described
    assert described[1].split()
    for name in described[1].split():
        assert f'id="{name}"' in html
    assert 'aria-invalid="true"' in html


def test_every_input_of_a_form_has_one_label() -> None:
    html = str(Form())
    for name in ("title", "note", "secret", "agree"):
        assert html.count(f'<label for="id_{name}"') == 1
    assert "<legend>State</legend>" in html
    assert html.count("field__optional") == 1


def test_a_form_shows_the_errors_that_belong_to_no_field() -> None:
    form = Form({})
    form.add_error(None, "These two do not go together.")
    assert "These two do not go together." in str(form)


def icons_used() -> set[str]:
    root = Path(__file__).parents[2]
    templates = [
        path for package in ("monolith", "apps") for path in root.glob(f"{package}/**/templates/**/*.html")
    ]
    assert len(templates) > 30
    pattern = re.compile(r'(?:web/icon\.html" with name=|\bicon=)"([a-z0-9-]+)"')
    return {name for path in templates for name in pattern.findall(path.read_text())}


def test_every_icon_used_is_in_the_sprite() -> None:
    sprite = Path(str(finders.find("web/icons.svg"))).read_text()
    missing = {name for name in icons_used() if f'<symbol id="{name}"' not in sprite}
    assert not missing, f"name them in bin/icons and run it: {sorted(missing)}"


@pytest.mark.parametrize("key", URL_NAMES)
def test_links_lead_where_the_urls_are(key: str) -> None:
    name, path = URL_NAMES[key]
    assert reverse(name) == path


def test_a_link_to_nowhere_would_be_noticed() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("catalog:no_such_page")


@pytest.mark.parametrize(("language", "said"), [("en", "11 June 2025"), ("es", "11 de junio de 2025")])
def test_a_date_is_read_alike_on_both_sides_of_an_ocean(language: str, said: str) -> None:
    with translation.override(language):
        assert date_format(date(2025, 6, 11), "DATE_FORMAT") == said
