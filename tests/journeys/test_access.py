"""Everyone can use it: axe-core finds nothing on any page, the keyboard reaches all, a phone never scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import StorageState, expect

from tests.journeys.axe import violations
from tests.journeys.conftest import EDITOR, MEMBER, Window
from tests.journeys.visitors import Visitor

# How a page looks does not depend on where it was made: test_same.py compares the pages of all topologies.
pytestmark = [pytest.mark.browser, pytest.mark.topologies("embedded")]

OPEN = [
    "/",
    "/browse",
    "/browse/artist",
    "/categories/",
    "/categories/abstract",
    "/search",
    "/search?q=light",
    "/search?q=xyzzyplugh",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/offline",
    "/api/reference",
]
OWN = [
    "/editor/new",
    "/editor/attributes",
    "/editor/export",
    "/favourites/",
    "/accounts/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/accounts/apps/",
    "/accounts/data/",
    "/accounts/2fa/",
    "/accounts/logout/",
]
BOTH_LANGUAGES = pytest.mark.parametrize("language", ["en", "es"])


def open_pages(visitor: Visitor) -> Iterator[str]:
    """Opens each page that anyone may see; what it is, each time."""
    for path in OPEN:
        visitor.go(path)
        yield path
    visitor.go("/categories/abstract")
    visitor.follow(visitor.main().locator(".card__title a").first)
    yield "an item"
    visitor.follow(visitor.main().locator(".facts").get_by_role("link").first)
    yield "the items of an artist"
    visitor.go("/no-such-page", status=404)
    yield "a 404"


def own_pages(visitor: Visitor) -> Iterator[str]:
    """Opens each page of somebody who edits."""
    for path in OWN:
        visitor.go(path)
        yield path
    for listing, link in {
        "/pictures/": ".card a",
        "/editor/": "td a",
        "/editor/categories": "a.tree__title",
        "/editor/attributes": "td a, th a",
    }.items():
        visitor.go(listing)
        yield listing
        visitor.follow(visitor.main().locator(link).first)
        yield f"one of {listing}"
        if visitor.main().locator("a.button--danger").count():
            visitor.follow(visitor.main().locator("a.button--danger").first)
            yield f"deleting one of {listing}"


def nothing_is_found(visitor: Visitor, pages: Iterator[str], language: str) -> None:
    """Colours of the night are the same in every language."""
    found = {page: wrong for page in pages if (wrong := violations(visitor.page, dark=language == "en"))}
    assert found == {}, "\n".join(f"{page}\n{line}" for page, lines in found.items() for line in lines)


@BOTH_LANGUAGES
def test_axe_finds_nothing_on_pages_for_everyone(window: Window, language: str) -> None:
    visitor = window(language=language)
    nothing_is_found(visitor, open_pages(visitor), language)


@BOTH_LANGUAGES
def test_axe_finds_nothing_on_pages_of_ones_own(
    window: Window, language: str, signed_in: Callable[[str], StorageState]
) -> None:
    visitor = window(signed_in=signed_in(EDITOR), language=language)
    nothing_is_found(visitor, own_pages(visitor), language)


def test_axe_finds_nothing_where_one_may_not_go(
    window: Window, signed_in: Callable[[str], StorageState]
) -> None:
    visitor = window(signed_in=signed_in(MEMBER))
    visitor.go("/editor/", status=403)
    assert violations(visitor.page) == []


def test_axe_finds_nothing_with_menus_filters_and_suggestions_open(window: Window) -> None:
    phone = window(phone=True)
    phone.go("/browse")
    phone.main().locator("summary", has_text="Filters").click()
    assert violations(phone.page) == []
    visitor = window()
    visitor.go("/")
    visitor.page.locator("header summary").first.click()
    expect(
        visitor.page.get_by_role("navigation", name="Categories").first.get_by_role("link").nth(2)
    ).to_be_visible()
    assert violations(visitor.page) == []
    with suggestions(visitor, "ca"):
        assert violations(visitor.page) == []


@contextmanager
def suggestions(visitor: Visitor, typed: str) -> Iterator[None]:
    visitor.page.get_by_role("combobox", name="Search").press_sequentially(typed)
    expect(visitor.page.get_by_role("option").first).to_be_visible()
    yield


@BOTH_LANGUAGES
def test_nothing_is_wider_than_a_phone(
    window: Window, language: str, signed_in: Callable[[str], StorageState]
) -> None:
    visitor = window(language=language, phone=True)
    assert [page for page in open_pages(visitor) if visitor.scrolls_sideways()] == []
    editor = window(language=language, phone=True, signed_in=signed_in(EDITOR))
    assert [page for page in own_pages(editor) if editor.scrolls_sideways()] == []


def test_a_word_without_end_is_broken(window: Window, signed_in: Callable[[str], StorageState]) -> None:
    editor = window(phone=True, signed_in=signed_in(EDITOR))
    editor.go("/editor/new")
    editor.main().get_by_label("Title in English", exact=True).fill("Electroencefalografista" * 8)
    with editor.page.expect_navigation():
        editor.main().get_by_role("button", name="Save and publish", exact=True).click()
    pages = [
        editor.path,
        editor.main().locator("a[href^='/items/']").first.get_attribute("href"),
        "/editor/",
        "/browse",
    ]
    assert [page for page in pages if editor.go(page) and editor.scrolls_sideways()] == []


def test_fingers_can_hit_what_there_is_to_hit(window: Window) -> None:
    """WCAG 2.2, 2.5.8: at least 24 by 24 CSS pixels for whatever isn't a link within a sentence."""
    visitor = window(phone=True)
    small = """[...document.querySelectorAll("button, summary, nav a, .card a, input, select")].filter(e => {
      const box = (e.type === "checkbox" ? e.labels[0] : e).getBoundingClientRect();
      return e.checkVisibility() && box.width && (box.width < 24 || box.height < 24)
        && e.type !== "hidden" && !e.closest(".visually-hidden, .skip-link, .breadcrumbs, .card");
    }).map(e => e.outerHTML.slice(0, 120))"""
    found = {page: hit for page in open_pages(visitor) if (hit := visitor.page.evaluate(small))}
    assert found == {}


def test_the_keyboard_alone_finds_an_item(visitor: Visitor) -> None:
    visitor.go("/")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator(":focus")).to_have_text("Skip to the content")

    search = visitor.page.get_by_role("combobox", name="Search")
    for _ in range(12):
        if search.evaluate("input => input === document.activeElement"):
            break
        visitor.page.keyboard.press("Tab")
    expect(search).to_be_focused()

    with suggestions(visitor, "ca"):
        expect(search).to_have_attribute("aria-expanded", "true")
        visitor.page.keyboard.press("ArrowDown")
        visitor.page.keyboard.press("ArrowDown")
        second = visitor.page.get_by_role("option").nth(1)
        expect(second).to_have_attribute("aria-selected", "true")
        assert search.get_attribute("aria-activedescendant") == second.get_attribute("id")
        visitor.page.keyboard.press("ArrowUp")
        expect(visitor.page.get_by_role("option").first).to_have_attribute("aria-selected", "true")

        visitor.page.keyboard.press("Escape")
        expect(search).to_have_attribute("aria-expanded", "false")
        expect(search).to_be_focused()
        expect(search).to_have_value("ca")

        visitor.page.keyboard.press("ArrowDown")
        leads_to = visitor.page.get_by_role("option").first.get_attribute("data-href")
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_url(f"**{leads_to}")
    expect(visitor.main().get_by_role("heading", level=1)).to_be_visible()


def test_the_skip_link_skips(visitor: Visitor) -> None:
    visitor.go("/browse")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.locator(":focus").evaluate("e => !!e.closest('main')")


def test_a_menu_opens_and_closes_by_keyboard_and_gives_the_focus_back(visitor: Visitor) -> None:
    visitor.go("/")
    menu = visitor.page.locator("header details.menu").first
    menu.locator("summary").focus()
    visitor.page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()


def test_what_has_the_focus_can_be_seen(visitor: Visitor) -> None:
    visitor.go("/browse")
    for _ in range(25):
        visitor.page.keyboard.press("Tab")
        focused = visitor.page.locator(":focus")
        style = focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).boxShadow")
        assert style != "nonenone", focused.evaluate("e => e.outerHTML.slice(0, 200)")
