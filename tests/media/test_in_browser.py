"""Uploading as people do it: by choosing, dropping, cancelling and trying again; with JavaScript and without."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.media import drawn
from tests.media.drawn import picture
from tests.people import PASSWORD
from tests.servers import Site

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms; the worker makes real pictures on a machine that may be busy
ASSETS = "**/api/v1/media/assets"
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const target = document.getElementById("upload");
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
}"""
NEW_PERSON = """
from apps.auth import service
service.register_person(email={email!r}, password={password!r}, name="Alice", confirmed=True)
"""


@contextmanager
def library(browser: Browser, site: Site, **context: object) -> Iterator[Page]:
    """The pictures page of somebody new."""
    email = f"{uuid4().hex}@example.com"
    site.manage("shell", "-c", NEW_PERSON.format(email=email, password=PASSWORD))
    with browser.new_context(base_url=site.url, service_workers="block", **context) as window:  # type: ignore[arg-type]
        page = window.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/accounts/login/?next=/pictures/")
        page.fill("[name=login]", email)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/pictures/")
        yield page


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with library(browser, site) as page:
        yield page


def a_file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def choose(page: Page, **files: bytes) -> None:
    page.set_input_files("#files", [a_file(f"{name}.png", data) for name, data in files.items()])  # type: ignore[arg-type]


def row(page: Page, name: str):
    return page.locator(".uploads__file").filter(has_text=name)


def test_chosen_files_go_one_by_one_and_appear_when_they_are_made(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    choose(
        page, lake=picture(900, 700, seed=1), drawing=b"<svg/>", nothing=b"", hill=picture(900, 700, seed=2)
    )
    expect(row(page, "drawing.png")).to_contain_text("This is not a picture we can show.", timeout=PATIENCE)
    expect(row(page, "nothing.png")).to_contain_text("This file is empty.", timeout=PATIENCE)
    expect(page.locator(".library__card")).to_have_count(2, timeout=PATIENCE)
    expect(row(page, "lake.png")).to_have_count(0)
    expect(page.locator(".library__card picture")).to_have_count(2, timeout=PATIENCE)
    expect(page.locator("#progress")).to_have_text("")
    assert any("/pictures/progress" in url for url in asked)
    asked.clear()
    page.wait_for_timeout(5000)
    assert not any("/pictures/progress" in url for url in asked), "nothing is left to ask about"
    assert page.locator(".library__card picture img").first.evaluate("image => image.naturalWidth") > 0

    choose(page, again=picture(900, 700, seed=1))
    expect(row(page, "again.png")).to_contain_text("You already have this picture", timeout=PATIENCE)
    expect(row(page, "drawing.png")).to_have_count(0)
    expect(page.locator(".library__card")).to_have_count(2)


def test_dropped_files_too(page: Page) -> None:
    page.evaluate(DROP, ["dropped.png", base64.b64encode(picture()).decode()])
    expect(page.locator(".library__card")).to_contain_text("dropped", timeout=PATIENCE)


def test_what_did_not_arrive_can_be_sent_again(page: Page) -> None:
    page.route(ASSETS, lambda route: route.abort())
    choose(page, lake=picture())
    expect(row(page, "lake.png")).to_contain_text("The upload did not arrive.", timeout=PATIENCE)
    page.unroute(ASSETS)
    row(page, "lake.png").get_by_role("button", name="Try again").click()
    expect(page.locator(".library__card")).to_have_count(1, timeout=PATIENCE)


def test_an_answer_that_did_not_come_is_asked_for_again_and_nobody_is_told(page: Page) -> None:
    page.route("**/pictures/progress*", lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed", lambda request: "/pictures/progress" in request.url):
        choose(page, lake=picture(900, 700))
    expect(page.locator("#toast")).to_be_hidden()
    expect(page.locator(".library__card picture")).to_have_count(1, timeout=PATIENCE)
    expect(page.locator("#progress")).to_have_text("")


def test_what_arrives_while_the_library_is_fetched_is_shown_after_it(page: Page) -> None:
    held: list[Route] = []
    page.route(ASSETS, lambda route: route.abort())
    page.route("**/pictures/", lambda route: held.append(route) if not held else route.continue_())
    choose(page, lake=picture())
    expect(row(page, "lake.png")).to_contain_text("The upload did not arrive.", timeout=PATIENCE)
    page.unroute(ASSETS)
    row(page, "lake.png").get_by_role("button", name="Try again").click()
    expect(row(page, "lake.png")).to_contain_text("Uploaded", timeout=PATIENCE)
    held[0].continue_()
    expect(page.locator(".library__card")).to_have_count(1, timeout=PATIENCE)


def test_an_upload_can_be_cancelled_whether_it_waits_or_goes(page: Page) -> None:
    held: list[Route] = []
    page.route(ASSETS, lambda route: held.append(route))
    names = ["one", "two", "three"]
    choose(page, **{name: picture(seed=n) for n, name in enumerate(names)})
    expect(row(page, "three.png")).to_contain_text("Waiting")
    expect(row(page, "two.png")).to_contain_text("Uploading")
    for name in ("three", "one"):
        row(page, name).get_by_role("button", name=f"Cancel: {name}.png").press("Enter")
        expect(row(page, name)).to_contain_text("Cancelled")
        expect(page.get_by_role("status").filter(has_text=f"{name}.png: Cancelled")).to_have_count(1)
        expect(row(page, name).get_by_role("button", name="Try again")).to_be_focused()
    held[1].continue_()
    expect(page.locator(".library__card")).to_have_count(1, timeout=PATIENCE)
    expect(page.locator(".library__card")).to_contain_text("two")


def test_a_file_that_is_too_large_is_not_even_sent(page: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(25_000_001)
    page.set_input_files("#files", large)
    expect(row(page, "large.png")).to_contain_text("This file is larger than 25 MB.")
    assert "POST" not in asked


def test_on_a_telephone_every_button_can_be_met_and_nothing_sticks_out(browser: Browser, site: Site) -> None:
    with library(browser, site, viewport={"width": 360, "height": 740}, has_touch=True) as page:
        page.route(ASSETS, lambda route: None)
        choose(page, **{"a-very-long-name-" * 12: picture(), "b": picture(seed=1)})
        button = row(page, "a-very-long-name").get_by_role("button", name="Cancel")
        assert button.bounding_box()["height"] >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def as_if_straight(route: Route) -> None:
    answer = route.fetch()
    straight = 'data-uploads="/api/v1/media/uploads" data-megabytes'
    route.fulfill(response=answer, body=answer.text().replace("data-megabytes", straight))


def test_what_a_bucket_does_not_let_through_is_sent_to_the_site(page: Page) -> None:
    """As where the browser can't reach it, or its CORS rules forget this site."""
    form = {"url": "http://127.0.0.1:9/bucket", "fields": {"key": "x"}, "upload": "x"}
    begun: list[Route] = []
    page.route(
        "**/api/v1/media/uploads", lambda route: begun.append(route) or route.fulfill(status=201, json=form)
    )
    page.route("**/pictures/", as_if_straight)
    page.reload()
    choose(page, lake=picture())
    expect(page.locator(".library__card")).to_have_count(1, timeout=PATIENCE)
    assert len(begun) == 1


def test_without_javascript(browser: Browser, site: Site) -> None:
    with library(browser, site, java_script_enabled=False) as page:
        choose(page, lake=picture(700, 500), broken=drawn.png_bomb(9434, 9434))
        page.get_by_role("button", name="Upload", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("This picture has 89 megapixels", timeout=PATIENCE)
        expect(page.locator(".notices")).to_contain_text("1 picture is here now.")
        for _try in range(60):
            if page.locator(".library__card picture").count():
                break
            page.wait_for_timeout(1000)
            page.get_by_role("link", name="See whether they are ready").click()
        expect(page.locator(".library__card picture")).to_have_count(1)
