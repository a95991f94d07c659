"""What the look's scripts and styles do in a real browser, on the running site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.axe import violations
from tests.servers import Site

pytestmark = pytest.mark.browser

LOGIN = "/accounts/login/"
OPTIONS = (
    '<div role="option" id="suggestion-1" data-href="/offline?1">Dunes</div>'
    '<div role="option" id="suggestion-2" data-href="/offline?2">Dusk</div>'
)
# The paths of all that the browser keeps.
KEPT = """caches.keys()
  .then((names) => Promise.all(names.map((name) => caches.open(name).then((kept) => kept.keys()))))
  .then((requests) => requests.flat().map((request) => new URL(request.url).pathname))"""
Window = Callable[..., Page]


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[Window]:
    """Opens pages of the site, each in a window of its own."""
    with ExitStack() as stack:

        def opened(path: str, **context: object) -> Page:
            context.setdefault("service_workers", "block")
            page = stack.enter_context(browser.new_context(base_url=site.url, **context)).new_page()  # type: ignore[arg-type]
            page.goto(path)
            return page

        yield opened


def theme(page: Page) -> str | None:
    chosen: str | None = page.evaluate("document.documentElement.dataset.theme ?? null")
    return chosen


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour


def test_the_chosen_colours_are_kept_and_painted_first(window: Window) -> None:
    page = window(LOGIN, color_scheme="light")
    light = background(page)
    switch = page.get_by_role("button", name="Dark colours")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    dark = background(page)
    assert dark != light
    # Before site.js has had a chance, so nothing flashes: only theme.js in the head can have done it.
    page.route("**/site*.js", lambda route: route.abort())
    page.reload()
    assert (theme(page), background(page)) == ("dark", dark)


def test_going_back_to_the_systems_colours_follows_the_system_again(window: Window) -> None:
    page = window(LOGIN, color_scheme="light")
    switch = page.get_by_role("button", name="Dark colours")
    switch.click()
    switch.click()
    assert theme(page) is None
    page.emulate_media(color_scheme="dark")
    expect(switch).to_have_attribute("aria-pressed", "true")


def test_another_window_follows_at_once(window: Window) -> None:
    page = window(LOGIN, color_scheme="light")
    other = page.context.new_page()
    other.goto(LOGIN)
    page.get_by_role("button", name="Dark colours").click()
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")


def test_without_javascript_nothing_is_offered_that_needs_it(window: Window) -> None:
    page = window(LOGIN, java_script_enabled=False)
    expect(page.locator("[data-theme-switch]")).to_be_hidden()
    expect(page.locator("[data-reveal]")).to_be_hidden()
    expect(page.get_by_role("combobox", name="Search")).to_be_visible()
    page.locator("summary", has_text="Categories").click()
    expect(page.get_by_role("link", name="All categories").first).to_be_visible()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")


def test_menus_close_with_escape_and_give_the_focus_back(window: Window) -> None:
    page = window(LOGIN)
    summary = page.locator("summary", has_text="Categories")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.menu[open]")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    expect(summary).to_be_focused()


@pytest.mark.parametrize("leave", ["click", "tab"])
def test_menus_close_when_one_goes_elsewhere(window: Window, leave: str) -> None:
    page = window(LOGIN)
    page.locator("summary", has_text="Categories").click()
    if leave == "click":
        page.get_by_role("heading", level=1).click()
    else:
        page.get_by_label("Email").focus()
    expect(page.locator("details.menu[open]")).to_have_count(0)


def searching(window: Window, answer: str = OPTIONS) -> Page:
    page = window(LOGIN)
    page.route("**/search/suggest?*", lambda route: route.fulfill(body=answer, content_type="text/html"))
    # At once: a pause between two letters brings suggestions twice, and the later ones unmark what was marked.
    page.get_by_role("combobox", name="Search").fill("du")
    return page


def test_suggestions_are_walked_with_the_keyboard(window: Window) -> None:
    page = searching(window)
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-1")
    assert not violations(page)
    box.press("ArrowDown")
    expect(page.get_by_role("option", name="Dusk")).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")  # past the last is the box itself
    expect(page.locator("[aria-selected=true]")).to_have_count(0)
    box.press("ArrowUp")
    box.press("Enter")
    page.wait_for_url("**/offline?2")


def test_escape_closes_the_suggestions_and_keeps_what_was_typed(window: Window) -> None:
    page = searching(window)
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("du")


def test_a_suggestion_can_be_clicked(window: Window) -> None:
    page = searching(window)
    page.get_by_role("option", name="Dunes").click()
    page.wait_for_url("**/offline?1")


def test_enter_without_a_choice_searches_for_what_was_typed(window: Window) -> None:
    page = searching(window, answer="")
    box = page.get_by_role("combobox", name="Search")
    box.press("Enter")
    page.wait_for_url("**/search?q=du")


def test_the_slash_key_goes_to_the_search(window: Window) -> None:
    page = window(LOGIN)
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.get_by_label("Email").press("/")
    expect(page.get_by_label("Email")).to_have_value("/")


def test_a_password_can_be_read_while_the_eye_is_open(window: Window) -> None:
    page = window(LOGIN)
    secret = page.locator("input[name=password]")
    eye = page.get_by_role("button", name="Show password")
    eye.click()
    expect(secret).to_have_attribute("type", "text")
    expect(eye).to_have_attribute("aria-pressed", "true")
    eye.click()
    expect(secret).to_have_attribute("type", "password")


def test_a_request_that_fails_says_so(window: Window) -> None:
    page = window(LOGIN)
    page.route("**/menu", lambda route: route.fulfill(status=500, body="broken"))
    page.locator("summary", has_text="Categories").click()
    toast = page.get_by_role("alert")
    expect(toast).to_contain_text("That did not work")
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_be_hidden()


def test_a_suggestion_that_does_not_come_is_no_news(window: Window) -> None:
    page = window(LOGIN)
    page.route("**/search/suggest?*", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.get_by_role("combobox", name="Search").press_sequentially("du")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_offline_there_is_a_page_and_nothing_else_was_kept(window: Window) -> None:
    page = window(LOGIN, service_workers="allow")
    kept = "navigator.serviceWorker.ready.then(() => caches.match('/offline')).then(Boolean)"
    assert page.evaluate(kept)
    page.reload()
    page.context.set_offline(True)
    page.goto(LOGIN)
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    assert all(name == "/offline" or name.startswith("/static/web/") for name in page.evaluate(KEPT))
    page.context.set_offline(False)
    page.goto(LOGIN)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/nowhere", "/offline", LOGIN, "/accounts/signup/", "/accounts/password/reset/"]
)
def test_pages_without_content_are_accessible(window: Window, path: str) -> None:
    assert not violations(window(path, reduced_motion="reduce"))


def test_style_and_script_of_a_page_weigh_little(window: Window) -> None:
    """At most 30 KB together, as they cross the network."""
    page = window("/offline")
    sizes: dict[str, int] = {}

    def weigh(response: object) -> None:
        if response.url.endswith((".css", ".js")):  # type: ignore[attr-defined]
            sizes[response.url] = int(response.headers["content-length"])  # type: ignore[attr-defined]
            assert response.headers["content-encoding"] in {"br", "gzip"}  # type: ignore[attr-defined]

    page.on("response", weigh)
    page.goto(LOGIN, wait_until="networkidle")
    assert len(sizes) >= 6
    assert sum(sizes.values()) <= 30_000, sizes
