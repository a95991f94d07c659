"""A browser window somebody looks through, which notes everything that goes wrong behind the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, StorageState

from tests.journeys.place import Place

WIDE, PHONE = (1280, 900), (320, 640)  # 320: WCAG 2.2, 1.4.10
PATIENCE = 30_000  # ms; a machine that does other things too is slow, not wrong


@dataclass(frozen=True)
class Eyes:
    """How somebody looks at the site."""

    language: str = "en"
    dark: bool = False
    javascript: bool = True
    phone: bool = False

    def __str__(self) -> str:
        parts = [self.language, "dark" if self.dark else "light", "phone" if self.phone else "wide"]
        return "-".join(parts if self.javascript else [*parts, "no-js"])


@dataclass
class Visitor:
    """`page` is Playwright's; `wrong` lists console errors, refused scripts and styles, and failed requests."""

    place: Place
    page: Page
    wrong: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def go(self, path: str, *, status: int = 200) -> Response:
        """Opens a page of the site. Raises AssertionError when it doesn't answer `status`."""
        self.expected = {status} if status >= 400 else set()
        answer = self.page.goto(self.place.url + path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        return answer

    def follow(self, link: Locator) -> None:
        """Clicks, and is there: the page it leads to has arrived."""
        with self.page.expect_navigation():
            link.click()

    def main(self) -> Locator:
        """The page without its header and footer."""
        return self.page.locator("main")

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        assert self.page.viewport_size is not None
        wide: int = self.page.evaluate("document.scrollingElement.scrollWidth")
        return wide > self.page.viewport_size["width"]

    def watch(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # A page that was asked for and isn't there also says so on the console.
        if message.type in ("error", "warning") and not (self.expected and "Failed to load" in message.text):
            self.wrong.append(f"{self.page.url}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.wrong.append(f"{response.request.method} {response.url} answered {response.status}")


@contextmanager
def visit(
    browser: Browser, place: Place, eyes: Eyes, signed_in: StorageState | None = None
) -> Iterator[Visitor]:
    """A window of its own, without cookies but those of `signed_in`; at its end nothing may have gone wrong in it."""
    width, height = PHONE if eyes.phone else WIDE
    context = browser.new_context(
        locale={"en": "en-GB", "es": "es-MX"}[eyes.language],
        color_scheme="dark" if eyes.dark else "light",
        java_script_enabled=eyes.javascript,
        viewport={"width": width, "height": height},
        has_touch=eyes.phone,
        is_mobile=eyes.phone,
        reduced_motion="reduce",
        storage_state=signed_in,
    )
    context.set_default_timeout(PATIENCE)
    try:
        visitor = Visitor(place, context.new_page())
        visitor.watch()
        yield visitor
        assert not visitor.wrong, "\n".join([*visitor.wrong, place.probe.log()[-2000:]])
    finally:
        context.close()
