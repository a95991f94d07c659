"""Somebody looks around: browse, search, an item; with JavaScript and without, in both languages."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.axe import violations
from tests.journeys.conftest import Window
from tests.journeys.table import with_and_without_javascript
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.browser


@with_and_without_javascript
def test_from_the_front_page_through_a_category_to_an_item(window: Window, javascript: bool) -> None:
    visitor = window(javascript=javascript)
    visitor.go("/")
    visitor.main().get_by_role("link", name=re.compile("^Abstract")).first.click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text("Abstract")

    card = visitor.main().locator(".card").first
    title = card.get_by_role("heading").inner_text()
    card.locator(".card__title a").click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text(title)
    expect(visitor.main().locator(".price")).to_contain_text("€")
    expect(visitor.main().locator(".facts")).to_contain_text("Artist")

    visitor.page.get_by_role("navigation", name="You are here").get_by_role("link", name="Abstract").click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text("Abstract")


@with_and_without_javascript
def test_from_a_search_to_an_item_and_by_its_artist_to_the_next(window: Window, javascript: bool) -> None:
    visitor = window(javascript=javascript)
    visitor.go("/categories/abstract")
    title = visitor.main().locator(".card").first.get_by_role("heading").inner_text()

    search = visitor.page.get_by_role("combobox", name="Search")
    search.fill(title)
    search.press("Enter")
    expect(visitor.main().get_by_role("heading", level=1)).to_contain_text(title)
    assert parse_qs(urlsplit(visitor.page.url).query)["q"] == [title]
    visitor.main().locator(".card").get_by_role("link", name=title, exact=True).click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text(title)

    artist = visitor.main().locator(".facts").get_by_role("link").first
    name = artist.inner_text()
    artist.click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text(name)
    expect(visitor.main().locator(".card")).not_to_have_count(0)


@with_and_without_javascript
def test_accents_and_capitals_make_no_difference_to_a_search(window: Window, javascript: bool) -> None:
    visitor = window(javascript=javascript)
    visitor.go("/search?q=CALDERON")
    expect(visitor.main().locator(".card").first).to_contain_text("Inés Calderón")


def test_a_search_without_results_says_what_to_do(visitor: Visitor) -> None:
    visitor.go("/search?q=xyzzyplugh")
    expect(visitor.main()).to_contain_text("Nothing was found")
    visitor.main().get_by_role("link", name="All categories").click()
    assert visitor.path == "/categories/"


def test_sorting_by_price_puts_the_cheapest_first(visitor: Visitor) -> None:
    visitor.go("/browse")
    visitor.main().get_by_role("link", name=re.compile("price", re.IGNORECASE)).first.click()
    visitor.page.wait_for_url(re.compile(r"[?&]order="))
    shown = visitor.main().locator(".card__price").all_inner_texts()
    prices = [float(re.sub(r"[^\d.]", "", price)) for price in shown]
    assert len(prices) > 5
    assert prices == sorted(prices)


@with_and_without_javascript
def test_the_language_is_the_browsers_until_one_chooses(window: Window, javascript: bool) -> None:
    visitor = window(language="es", javascript=javascript)
    visitor.go("/categories/abstract")
    assert visitor.page.locator("html").get_attribute("lang") == "es"
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text("Abstracto")

    visitor.page.get_by_role("button", name="English").click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text("Abstract")
    assert visitor.path == "/categories/abstract"
    visitor.go("/")
    assert visitor.page.locator("html").get_attribute("lang") == "en"

    visitor.page.get_by_role("button", name="Español").click()
    expect(visitor.page.locator("html")).to_have_attribute("lang", "es")


def test_the_chosen_colours_stay(visitor: Visitor) -> None:
    visitor.go("/")
    switch = visitor.page.get_by_role("button", name="Dark colours")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    visitor.go("/categories/")
    expect(visitor.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(visitor.page.get_by_role("button", name="Dark colours")).to_have_attribute("aria-pressed", "true")


def test_whoever_only_looks_gets_no_cookie(visitor: Visitor) -> None:
    for path in ("/", "/browse", "/categories/abstract", "/search?q=light"):
        visitor.go(path)
    assert visitor.page.context.cookies() == []


def test_pictures_arrive_in_the_best_format(visitor: Visitor) -> None:
    visitor.go("/categories/abstract")
    visitor.main().locator(".card__title a").first.click()
    picture = visitor.main().locator(".stage picture img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    assert picture.evaluate("image => image.currentSrc").endswith(".avif")
    assert picture.get_attribute("alt")


@with_and_without_javascript
def test_a_picture_is_seen_as_large_as_the_screen(window: Window, javascript: bool) -> None:
    visitor = window(javascript=javascript)
    visitor.go("/categories/abstract")
    visitor.main().locator(".card__title a").first.click()
    first = visitor.main().get_by_role("link", name="Enlarge picture 1")
    if not javascript:
        answer = visitor.page.request.get(f"{visitor.place.url}{first.get_attribute('href')}")
        assert (answer.status, answer.headers["content-type"].partition("/")[0]) == (200, "image")
        return
    first.click()
    shown = visitor.page.get_by_role("dialog", name="Pictures")
    expect(shown.locator("img").first).to_be_in_viewport()
    assert violations(visitor.page) == []
    if shown.locator("img").count() > 1:
        visitor.page.keyboard.press("ArrowRight")
        expect(shown.locator("img").nth(1)).to_be_in_viewport(ratio=0.9)
        shown.get_by_role("button", name="Previous picture").click()
        expect(shown.locator("img").first).to_be_in_viewport(ratio=0.9)
    visitor.page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    expect(first).to_be_focused()
    item = visitor.path
    first.click()
    expect(shown).to_be_visible()
    visitor.page.go_back()
    expect(shown).to_be_hidden()
    assert visitor.path == item
    visitor.page.go_back()
    expect(visitor.page).to_have_url(re.compile("/categories/abstract$"))


def test_an_address_that_leads_nowhere_says_so_and_leads_on(visitor: Visitor) -> None:
    visitor.go("/items/never-was", status=404)
    expect(visitor.main().get_by_role("heading", level=1)).to_be_visible()
    visitor.main().get_by_role("link").first.click()
    assert visitor.path != "/items/never-was"


def test_no_link_leads_nowhere(visitor: Visitor) -> None:
    """Every page within three clicks of the front page, asked for once."""
    seen, wave = {"/"}, ["/"]
    for _ in range(3):
        found: list[str] = []
        for path in wave:
            answer = visitor.page.request.get(visitor.place.url + path)
            assert answer.status == 200, f"{path} answered {answer.status}"
            links = re.findall(r'href="(/[^"#]*)', answer.text())
            found += [link.replace("&amp;", "&") for link in links if not link.startswith("/static/")]
        wave = [link for link in dict.fromkeys(found) if link not in seen and "?" not in link][:60]
        seen |= set(wave)
    assert len(seen) > 40
