"""Somebody narrows a list by several values of one facet: by keyboard, on a phone, in the dark, without JavaScript."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.axe import violations
from tests.journeys.conftest import Window
from tests.journeys.table import other_eyes
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.browser

DARK_WITHOUT_JAVASCRIPT = {"phone": True, "javascript": False, "dark": True}
LIST, SEARCH = "/browse", "/search?q=the"
WORDS = {
    "en": ("Filters", "Apply filters", "Clear all filters", "Remove the filter"),
    "es": ("Filtros", "Aplicar filtros", "Quitar todos los filtros", "Quitar el filtro"),
}


def chosen(visitor: Visitor) -> list[str]:
    return parse_qs(urlsplit(visitor.page.url).query).get("filter", [])


@pytest.mark.parametrize(
    ("address", "eyes"),
    [
        pytest.param(SEARCH, {}, id="search-wide"),
        pytest.param(LIST, DARK_WITHOUT_JAVASCRIPT, id="list-phone-dark-no-js", marks=other_eyes),
        pytest.param(LIST, {"phone": True, "language": "es"}, id="list-phone-es", marks=other_eyes),
    ],
)
def test_two_values_are_ticked_and_taken_away_again(window: Window, address: str, eyes: dict) -> None:
    visitor = window(**eyes)
    filters, apply, clear, remove = WORDS[str(eyes.get("language", "en"))]
    visitor.go(address)
    aside = visitor.main().get_by_role("complementary", name=filters)
    if eyes.get("phone"):
        aside.locator("summary").first.press("Enter")
    artists = aside.locator(".facet").nth(1).get_by_role("checkbox")
    for place in (0, 1):
        artists.nth(place).press("Space")
    if eyes.get("javascript", True):  # which axe is
        assert violations(visitor.page) == []
    assert not visitor.scrolls_sideways()
    aside.get_by_role("button", name=apply).press("Enter")
    visitor.page.wait_for_url("**filter=*")
    both = sorted(chosen(visitor))
    assert len(both) == 2
    expect(visitor.main().locator(".card")).not_to_have_count(0)
    assert aside.locator(":checked").count() == 2

    if eyes.get("javascript", True):
        assert violations(visitor.page) == []
    visitor.follow(visitor.main().get_by_role("link", name=remove).first)
    assert chosen(visitor) == both[1:]
    visitor.page.go_back()
    visitor.follow(visitor.main().get_by_role("link", name=clear))
    assert chosen(visitor) == []
