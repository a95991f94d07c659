"""Somebody adds a passkey, signs in with it alone, and signs another device out."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.journeys.axe import violations
from tests.journeys.conftest import Window, sign_in
from tests.journeys.place import Place, eventually
from tests.journeys.test_making import PASSWORD, confirm, sign_up
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.browser


def give_authenticator(visitor: Visitor) -> None:
    """A phone's own, which always recognizes its owner."""
    devtools = visitor.page.context.new_cdp_session(visitor.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def looks_well(visitor: Visitor) -> None:
    assert violations(visitor.page) == []
    assert not visitor.scrolls_sideways()


def sign_out(visitor: Visitor) -> None:
    visitor.page.locator("header summary[aria-label='Your account']").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_with_a_passkey_nothing_is_typed(window: Window, place: Place) -> None:
    email = f"passkey-{uuid4().hex[:8]}@example.com"
    phone, desk = window(phone=True), window()
    give_authenticator(phone)
    sign_up(phone, email)
    confirm(phone, email)
    sign_in(desk, email, PASSWORD)

    phone.go("/accounts/2fa/")
    looks_well(phone)
    phone.main().get_by_role("link", name="Add a passkey").click()
    phone.main().get_by_role("textbox", name="Password").fill(PASSWORD)
    phone.main().get_by_role("button", name="Continue").click()
    phone.main().get_by_label("Name").fill("my-phone-and-all-the-rest-of-a-name-without-a-blank")
    looks_well(phone)
    phone.main().get_by_role("button", name="Add").click()
    expect(phone.main().get_by_role("heading", level=1)).to_have_text("Recovery codes")
    looks_well(phone)
    phone.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone.main().get_by_role("button", name="Copy").click()
    expect(phone.main().get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    codes = phone.main().locator("#recovery_codes").inner_text().split()
    assert phone.page.evaluate("navigator.clipboard.readText()").split() == codes
    subjects = eventually(lambda: [m for m in place.probe.mails(to=email) if "passkey was added" in m])
    assert subjects
    phone.go("/accounts/2fa/webauthn/")
    expect(phone.main()).to_contain_text("my-phone-and-all")
    looks_well(phone)

    sign_out(phone)
    phone.go("/accounts/login/?next=/favourites/")
    phone.main().get_by_role("button", name="Sign in with a passkey").click()
    phone.page.wait_for_url(f"{place.url}/favourites/")

    phone.go("/accounts/sessions/")
    looks_well(phone)
    phone.main().get_by_role("button", name="Sign out everywhere else").click()
    expect(phone.main()).to_contain_text("1 other session was signed out")
    desk.go("/accounts/")
    assert desk.path == "/accounts/login/"


def test_a_passkey_that_is_not_given_is_no_silence(window: Window) -> None:
    phone = window(phone=True)
    give_authenticator(phone)  # it knows no passkey yet
    phone.go("/accounts/login/")
    phone.main().get_by_role("button", name="Sign in with a passkey").click()
    expect(phone.page.get_by_role("alert").filter(has_text="No passkey was used")).to_be_visible()
    looks_well(phone)
