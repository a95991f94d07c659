"""Where journeys go, and with whose eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest
from playwright.sync_api import Browser

from tests import servers
from tests.journeys.place import Embedded, Place, eventually
from tests.journeys.visitors import Eyes, Visitor, visit

PRINTS = 12  # enough for more than one category, and made in seconds


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """The site as `bin/run` starts it, with a part of the demo shop, all renditions made."""
    with servers.site() as site:
        site.manage("seed_demo", "--prints", str(PRINTS))
        here = Place("embedded", site.url, Embedded(site))
        eventually(lambda: all(job["status"] == "done" for job in here.probe.jobs(context="media")), 120)
        eventually(lambda: all(event["status"] == "done" for event in here.probe.events(context="media")), 60)
        yield here


Window = Callable[..., Visitor]


@pytest.fixture
def window(browser: Browser, place: Place) -> Iterator[Window]:
    """Opens windows: `window(language="es", javascript=False)`. All are checked and closed at the end."""
    with ExitStack() as stack:

        def opened(**eyes: object) -> Visitor:
            manager: AbstractContextManager[Visitor] = visit(browser, place, Eyes(**eyes))  # type: ignore[arg-type]
            return stack.enter_context(manager)

        yield opened


@pytest.fixture
def visitor(window: Window) -> Visitor:
    """Somebody at a wide screen, in English, with JavaScript."""
    return window()
