"""Where journeys go, and with whose eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests import servers
from tests.journeys.place import Embedded, Place, eventually
from tests.journeys.visitors import PATIENCE, Eyes, Visitor, visit

PRINTS = 12  # enough for several categories, and made in seconds
EDITOR, MEMBER = "editor@example.com", "member@example.com"

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """The site as `bin/run` starts it, with a part of the demo shop, all renditions made and shown."""
    with servers.site() as site:
        site.manage("seed_demo", "--prints", str(PRINTS))
        here = Place("embedded", site.url, Embedded(site))
        eventually(lambda: is_idle(here), 300, pause=2)
        yield here


def is_idle(place: Place) -> bool:
    """Whether every event has been carried and every job done. Raises AssertionError when one was parked."""
    rows = [
        row
        for context in ("media", "catalog")
        for row in (*place.probe.events(context=context), *place.probe.jobs(context=context))
    ]
    assert not [row for row in rows if row["status"] == "parked"]
    return all(row["status"] == "done" for row in rows)


class Window(Protocol):
    def __call__(self, *, signed_in: StorageState | None = None, **eyes: Any) -> Visitor: ...


@pytest.fixture
def window(browser: Browser, place: Place) -> Iterator[Window]:
    """Opens windows: `window(language="es", javascript=False)`. All are checked and closed at the end."""
    with ExitStack() as stack:

        def opened(*, signed_in: StorageState | None = None, **eyes: Any) -> Visitor:
            return stack.enter_context(visit(browser, place, Eyes(**eyes), signed_in))

        yield opened


@pytest.fixture
def visitor(window: Window) -> Visitor:
    """Somebody at a wide screen, in English, with JavaScript."""
    return window()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, place: Place) -> Callable[[str], StorageState]:
    """The cookies of a demo person who has signed in; each signs in once a session."""
    kept: dict[str, StorageState] = {}

    def cookies(email: str) -> StorageState:
        if email not in kept:
            with visit(browser, place, Eyes()) as somebody:
                sign_in(somebody, email, place.probe.passwords()[email])
                kept[email] = somebody.page.context.storage_state()
        return kept[email]

    return cookies


def sign_in(visitor: Visitor, email: str, password: str) -> None:
    """By the sign-in page, as anyone does."""
    visitor.go("/accounts/login/")
    visitor.main().get_by_label("Email").fill(email)
    visitor.main().get_by_role("textbox", name="Password").fill(password)
    visitor.main().get_by_role("button", name="Sign in").click()
    expect(visitor.page.get_by_role("link", name="Sign in")).to_have_count(0)
    assert not visitor.path.startswith("/accounts/login")
