"""A long list is walked to its end: every item once, with JavaScript on one page, without it page by page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Window
from tests.journeys.place import Place
from tests.journeys.table import other_eyes
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.browser

in_each_order = pytest.mark.parametrize(
    "order", ["newest", pytest.param("title", marks=other_eyes), pytest.param("price", marks=other_eyes)]
)

POSTCARDS = [f"Postcard {number:02d}" for number in range(60)]
MAPPING = """
[item]
key = "number"
title = "title"

[[categories]]
source = "section"

[price]
source = "price"
currency = "EUR"
"""


@pytest.fixture(scope="module", autouse=True)
def postcards(place: Place) -> None:
    """Sixty items in a category of their own, brought in as a shop would bring them."""
    lines = [f"{number},{title},Postcards,{1 + number % 7}.50" for number, title in enumerate(POSTCARDS)]
    bring = place.probe.machines["catalog"].bring
    records = bring("postcards.csv", "\n".join(["number,title,section,price", *lines]))
    mapping = bring("postcards.toml", MAPPING)
    place.probe.manage("catalog", "import_catalog", records, "--mapping", mapping)


def titles(visitor: Visitor) -> list[str]:
    return visitor.main().locator(".card__title").all_inner_texts()


@in_each_order
def test_show_more_adds_below_what_was_there(window: Window, order: str) -> None:
    visitor = window()
    visitor.go(f"/categories/postcards?order={order}")
    more = visitor.main().get_by_role("link", name="Show more")
    while more.count():
        before = titles(visitor)
        more.click()
        expect(visitor.main().locator(".card")).not_to_have_count(len(before))
        expect(visitor.main().locator(".card").nth(len(before)).get_by_role("link").first).to_be_focused()
        assert titles(visitor)[: len(before)] == before
    assert sorted(titles(visitor)) == POSTCARDS
    if order == "title":
        assert titles(visitor) == POSTCARDS


@in_each_order
def test_without_javascript_page_by_page_and_back(window: Window, order: str) -> None:
    visitor = window(javascript=False)
    visitor.go(f"/categories/postcards?order={order}")
    pages = [titles(visitor)]
    while (more := visitor.main().locator("a[rel=next]")).count():
        more.click()
        visitor.page.wait_for_load_state()
        pages.append(titles(visitor))
    assert sorted(title for page in pages for title in page) == POSTCARDS
    assert len(pages) > 2
    for page in reversed(pages[:-1]):
        visitor.main().locator("a[rel=prev]").click()
        visitor.page.wait_for_load_state()
        assert titles(visitor) == page


def test_a_search_is_walked_to_its_end_too(window: Window) -> None:
    visitor = window(javascript=False)
    visitor.go("/search?q=postcard")
    seen = titles(visitor)
    while (more := visitor.main().locator("a[rel=next]")).count():
        more.click()
        visitor.page.wait_for_load_state()
        seen += titles(visitor)
    assert sorted(seen) == POSTCARDS
