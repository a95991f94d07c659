"""Editors at work side by side: pictures put into order by keyboard, two who save one item, an address that moves."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from playwright.sync_api import StorageState, expect

from tests.journeys.axe import violations
from tests.journeys.conftest import EDITOR, MEMBER, Window
from tests.journeys.place import eventually
from tests.journeys.table import with_and_without_javascript
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.browser


def titled(visitor: Visitor, title: str) -> None:
    visitor.main().get_by_label("Title in English", exact=True).fill(title)


def save(visitor: Visitor, button: str) -> None:
    with visitor.page.expect_navigation():
        visitor.main().get_by_role("button", name=button, exact=True).click()


def pictures_by_keyboard(visitor: Visitor) -> list[str]:
    """Chooses two pictures, one by its title, moves that to the front, and says in which order they stand."""
    visitor.main().locator("#shelf .shelf__picture").first.press("Enter")
    visitor.main().locator("#shelf .shelf__title").first.click()
    said = visitor.main().locator("#said")
    expect(said).to_contain_text("is now picture 2 of 2")
    visitor.page.keyboard.press("ArrowLeft")  # the one chosen last has the focus
    expect(said).to_contain_text("is now picture 1 of 2")
    assert visitor.page.evaluate("document.activeElement.matches('#chosen > :first-child button')")
    names: list[str] = visitor.main().locator("#chosen input").evaluate_all("all => all.map(one => one.name)")
    return names


def test_two_editors_one_item_and_its_address(
    window: Window, signed_in: Callable[[str], StorageState]
) -> None:
    cookies, name = signed_in(EDITOR), f"shared-{uuid4().hex[:8]}"
    first, second, stranger = window(signed_in=cookies), window(signed_in=cookies), window()
    first.go("/editor/new")
    titled(first, name)
    order = pictures_by_keyboard(first)
    with first.page.expect_request(lambda request: request.method == "POST") as sent:
        save(first, "Save and publish")
    fields = parse_qs(sent.value.post_data or "", keep_blank_values=True)
    assert sorted(name for name in fields if name.startswith("place-")) == sorted(order), "and no others"
    assert first.main().locator("#chosen input").evaluate_all("all => all.map(one => one.name)") == order
    item = first.path

    second.go(item)
    titled(second, f"{name} as the second says")
    first.main().get_by_label("Description in English (optional)").fill("The first wrote this.")
    first.main().get_by_label("Address (optional)").fill(f"{name}-moved")
    save(first, "Save")
    second.expected = {409}
    save(second, "Save")
    expect(second.main().get_by_role("alert")).to_contain_text("Nothing is lost")
    yours = second.main().get_by_role("group", name="Title").get_by_role("radio", name="Yours")
    theirs = second.main().get_by_role("group", name="Description").get_by_role("radio", name="Theirs")
    expect(yours).to_be_checked()
    expect(theirs).to_be_checked()
    assert violations(second.page) == []
    save(second, "Save")

    assert eventually(lambda: stranger.go(f"/items/{name}").url.endswith(f"/items/{name}-moved"))
    expect(stranger.main().get_by_role("heading", level=1)).to_have_text(f"{name} as the second says")
    expect(stranger.main()).to_contain_text("The first wrote this.")


def test_without_javascript_nothing_stands_there_that_needs_it(
    window: Window, signed_in: Callable[[str], StorageState]
) -> None:
    editor = window(signed_in=signed_in(EDITOR), javascript=False)
    editor.go("/editor/new")
    expect(editor.main().locator("#shelf li:first-child img:visible")).to_have_count(1)
    expect(editor.main().locator(".needs-js:visible")).to_have_count(0)


@with_and_without_javascript
def test_what_a_member_keeps_is_found_again(
    window: Window, signed_in: Callable[[str], StorageState], javascript: bool
) -> None:
    member = window(signed_in=signed_in(MEMBER), javascript=javascript)
    member.go("/browse?order=title")
    heart = member.main().locator(".card .heart").nth(3 if javascript else 4)
    title = (heart.get_attribute("aria-label") or "").removeprefix("Favourite: ")
    if javascript:
        expect(heart).to_have_attribute("aria-pressed", "false")
        with member.page.expect_response("**/favourites/*"):
            heart.press("Space")
        expect(heart).to_have_attribute("aria-pressed", "true")
        assert violations(member.page) == []
    else:
        member.follow(heart)
        save(member, "Keep it")
        expect(member.page.get_by_role("status")).to_contain_text("is among your favourites")
    member.go("/favourites/")
    member.follow(member.main().get_by_role("link", name=title, exact=True))
    expect(member.main().get_by_role("heading", level=1)).to_have_text(title)
