"""Somebody comes to stay: sign up, confirm, upload, become an editor, create an item, publish it; others find it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from io import BytesIO
from random import Random
from uuid import uuid4

import pytest
from django.conf import settings
from playwright.sync_api import FilePayload, StorageState, expect

from monolith.demo.palettes import PALETTES
from monolith.demo.prints import FAMILIES
from tests.journeys.conftest import Window, sign_in
from tests.journeys.place import Place, eventually
from tests.journeys.table import with_and_without_javascript
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.browser

PASSWORD = "a very long secret 5"
RENDERED = 120_000  # ms


def picture(seed: str) -> FilePayload:
    """A new print as a file somebody may upload."""
    file = BytesIO()
    FAMILIES["arches"](Random(seed), (900, 1200), PALETTES["lagoon"]).save(file, "PNG")
    return {"name": f"{seed}.png", "mimeType": "image/png", "buffer": file.getvalue()}


def sign_up(visitor: Visitor, email: str) -> None:
    visitor.go("/accounts/signup/")
    visitor.main().get_by_label("Email").fill(email)
    visitor.main().get_by_role("textbox", name="Password").fill(PASSWORD)
    visitor.main().get_by_role("button", name="Create account").click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text("Check your email")


def confirm(visitor: Visitor, email: str) -> None:
    """Follows the link of the e-mail, as one does in the browser that signed up."""
    mail = eventually(lambda: visitor.place.probe.mails(to=email))[-1]
    link = re.search(r"http\S+", mail)
    assert link is not None
    assert link[0].startswith(visitor.place.url)
    visitor.go(link[0].removeprefix(visitor.place.url))
    visitor.main().get_by_role("button", name="Yes, confirm it").click()
    expect(visitor.page.get_by_role("link", name="Sign in")).to_have_count(0)


def upload(visitor: Visitor, file: FilePayload, javascript: bool) -> None:
    """Chooses a file and waits until its renditions are shown, without touching the page where it sees to that."""
    visitor.go("/pictures/")
    is_straight = javascript and visitor.main().locator("#upload[data-uploads]").count()
    with visitor.page.expect_response("**/uploads/finish") if is_straight else nullcontext():
        visitor.main().locator("input[type=file]").set_input_files(file)
    if not javascript:
        visitor.main().get_by_role("button", name="Upload").click()
    card = visitor.main().locator(".card").first
    expect(card).to_contain_text(file["name"].removesuffix(".png"))
    if javascript:
        expect(card.locator("picture img")).to_be_visible(timeout=RENDERED)
    else:
        eventually(
            lambda: visitor.page.reload() and card.locator("picture img").count(), RENDERED / 1000, pause=1
        )
    assert card.locator("picture source[type='image/avif']").count() == 1
    assert card.locator("picture img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def promote(staff: Visitor, email: str) -> None:
    """In the administration, where roles are given."""
    staff.go(f"/admin/accounts/user/?q={email}")
    staff.page.get_by_role("link", name=email).click()
    staff.page.get_by_label("Role").select_option("editor")
    staff.page.get_by_role("button", name="Save", exact=True).click()
    expect(staff.page.locator(".messagelist")).to_contain_text("changed successfully")


def everywhere(visitor: Visitor, path: str) -> None:
    """Waits until a page answers whichever process is asked: each believes what it knows of a session for a while."""
    eventually(lambda: visitor.page.request.get(visitor.place.url + path).status == 200, 20)
    time.sleep(settings.SESSION_TRUST_SECONDS)


def create_and_publish(visitor: Visitor, title: str, shown: str, javascript: bool) -> None:
    visitor.go("/editor/")
    visitor.main().get_by_role("link", name="New item").first.click()
    visitor.main().get_by_label("Title in English", exact=True).fill(title)
    visitor.main().get_by_label("Description in English (optional)").fill(
        "Made in a journey, and worth the trip."
    )
    visitor.main().get_by_label("Price (optional)").fill("12.50")
    visitor.main().get_by_label("Name of attribute 1", exact=True).fill("Artist")
    visitor.main().get_by_label("Value of attribute 1", exact=True).fill("Ada Journey")
    if javascript:
        visitor.main().get_by_role("button", name=f"Choose {shown}").click()
    else:
        visitor.main().get_by_label(f"Place of {shown}").fill("1")
    visitor.main().get_by_label("Cities", exact=True).check()
    visitor.main().get_by_role("button", name="Save and publish").click()
    expect(visitor.main()).to_contain_text("Published")


def found_signed_out(visitor: Visitor, title: str) -> None:
    """By search and by category, with its picture and price."""
    visitor.go("/")
    search = visitor.page.get_by_role("combobox", name="Search")
    search.fill(title)
    search.press("Enter")
    visitor.main().locator(".card").get_by_role("link", name=title, exact=True).click()
    expect(visitor.main().get_by_role("heading", level=1)).to_have_text(title)
    expect(visitor.main().locator(".price")).to_have_text("€12.50")
    assert (
        visitor.main()
        .locator(".stage picture img")
        .first.evaluate("image => image.decode().then(() => true)")
    )
    visitor.go("/categories/cities")
    expect(visitor.main().locator(".card").get_by_role("link", name=title, exact=True)).to_be_visible()


def taken_back(owner: Visitor, stranger: Visitor, name: str, title: str) -> None:
    """The picture is looked up in the library; who deletes it is told where it is shown, and there it is gone."""
    owner.go("/pictures/")
    search = owner.main().get_by_role("searchbox")
    search.fill(name)
    search.press("Enter")
    owner.main().locator(".card").get_by_role("link", name=name).click()
    owner.main().get_by_role("link", name="Delete").click()
    expect(owner.main()).to_contain_text("Used here")
    expect(owner.main().get_by_role("link", name=title, exact=True)).to_be_visible()
    owner.main().get_by_role("button", name="Delete").click()
    expect(owner.page.locator(".notices")).to_contain_text("is deleted")
    stranger.go("/search?q=" + title.replace(" ", "+"))
    stranger.main().locator(".card").get_by_role("link", name=title, exact=True).click()
    shown = stranger.main().locator(".stage picture img")
    eventually(lambda: stranger.page.reload() and not shown.count(), RENDERED / 1000, pause=1)


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "no-js"])  # pictures are sent by other ways
def test_from_nobody_to_an_item_that_strangers_find(
    window: Window, place: Place, signed_in: Callable[[str], StorageState], javascript: bool
) -> None:
    name = f"journey-{uuid4().hex[:8]}"
    email, title = f"{name}@example.com", f"Print of the {name}"
    newcomer, stranger = window(javascript=javascript), window(javascript=javascript)
    staff = window(signed_in=signed_in("staff@example.com"))

    sign_up(newcomer, email)
    confirm(newcomer, email)
    newcomer.go("/editor/", status=403)
    upload(newcomer, picture(name), javascript)
    promote(staff, email)
    everywhere(newcomer, "/editor/")
    create_and_publish(newcomer, title, name, javascript)
    found_signed_out(stranger, title)
    taken_back(newcomer, stranger, name, title)

    behind = place.probe.behind()
    said = {event["name"] for found in behind.values() for event in found["events"]}
    assert {"auth.user_registered.v1", "media.asset_ready.v1", "catalog.item_published.v1"} <= said
    assert {"media.asset_deleted.v1", "catalog.item_changed.v1"} <= said
    assert not [job for job in behind["media"]["jobs"] if job["status"] == "parked"]


@with_and_without_javascript
def test_out_and_in_again(window: Window, place: Place, javascript: bool) -> None:
    visitor = window(javascript=javascript)
    sign_in(visitor, "member@example.com", place.probe.passwords()["member@example.com"])
    visitor.go("/pictures/")
    visitor.page.locator("header summary[aria-label='Your account']").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.get_by_role("link", name="Sign in").first).to_be_visible()
    visitor.go("/pictures/")
    assert visitor.path == "/accounts/login/"


def test_a_wrong_password_says_so_and_signs_nobody_in(visitor: Visitor) -> None:
    visitor.go("/accounts/login/")
    visitor.main().get_by_label("Email").fill("member@example.com")
    visitor.main().get_by_role("textbox", name="Password").fill("not the password")
    visitor.main().get_by_role("button", name="Sign in", exact=True).click()
    expect(visitor.main().get_by_role("alert").or_(visitor.main().locator(".errorlist"))).to_be_visible()
    visitor.go("/pictures/")
    assert visitor.path == "/accounts/login/"


@with_and_without_javascript
def test_what_is_no_picture_is_refused_with_a_reason(
    window: Window, signed_in: Callable[[str], StorageState], javascript: bool
) -> None:
    visitor = window(signed_in=signed_in("member@example.com"), javascript=javascript)
    visitor.go("/pictures/")
    visitor.expected = {400, 415, 422}
    text: FilePayload = {
        "name": "notes.png",
        "mimeType": "image/png",
        "buffer": b"these are notes, not a picture",
    }
    visitor.main().locator("input[type=file]").set_input_files(text)
    if not javascript:
        visitor.main().get_by_role("button", name="Upload").click()
    expect(visitor.main()).to_contain_text("not a picture we can show")


def test_a_draft_is_seen_by_nobody_else(window: Window, signed_in: Callable[[str], StorageState]) -> None:
    editor, stranger = window(signed_in=signed_in("editor@example.com")), window()
    title = f"Unfinished {uuid4().hex[:8]}"
    editor.go("/editor/new")
    editor.main().get_by_label("Title in English", exact=True).fill(title)
    editor.main().get_by_role("button", name="Save draft").click()
    expect(editor.main()).to_contain_text("Draft")
    stranger.go(f"/items/{title.lower().replace(' ', '-')}", status=404)
    stranger.go(f"/search?q={title}")
    expect(stranger.main()).to_contain_text("Nothing was found")
