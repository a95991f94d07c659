"""Where journeys go, and with whose eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.journeys.place import Place
from tests.journeys.topologies import topology
from tests.journeys.visitors import PATIENCE, Eyes, Visitor, visit

EDITOR, MEMBER = "editor@example.com", "member@example.com"

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The site on one topology after the other."""
    with topology(request.param) as here:
        yield here


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
    visitor.main().get_by_role("button", name="Sign in", exact=True).click()
    expect(visitor.page.get_by_role("link", name="Sign in")).to_have_count(0)
    assert not visitor.path.startswith("/accounts/login")
