"""Takes the README's pictures: wide and narrow, light and dark, in both languages, from a running demo shop."""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass

import django
from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import ROOT, chromium_path

FOLDER = ROOT / "docs" / "images"

# Loaded is not painted yet. What lies outside the window waits until somebody scrolls there.
ALL_DECODED = "Promise.all([...document.images].filter(image => image.complete).map(image => image.decode()))"


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    size: tuple[int, int] = (1280, 800)
    language: str = "en-GB"
    scheme: str = "light"
    signed_in: bool = False  # as the editor
    follow: str = ""  # the link on that page which leads to what is shown


SHOTS = (
    Shot("front", "/"),
    Shot("item", "/items/deep-bay", language="es-MX", scheme="dark"),
    Shot("category", "/categories/abstract", size=(390, 800)),
    Shot("search", "/search?q=noche", size=(390, 800), language="es-MX", scheme="dark"),
    Shot("pictures", "/pictures/", size=(390, 800), signed_in=True),
    Shot("editor", "/items/deep-bay", size=(1280, 1000), signed_in=True, follow="Edit"),
)


def take(browser: Browser, url: str, shot: Shot) -> Image.Image:
    """The first screenful, once every picture in it is there. Raises AssertionError when the page isn't."""
    page = browser.new_page(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        locale=shot.language,
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
        is_mobile=shot.size[0] < 500,
    )
    if shot.signed_in:
        sign_in(page, url)
    answer = page.goto(url + shot.path)
    assert answer is not None
    assert answer.ok, f"{shot.path} answered {answer.status}; does the site have its whole demo shop?"
    if shot.follow:
        page.get_by_role("link", name=shot.follow, exact=True).first.click()
    page.wait_for_load_state("networkidle")
    page.evaluate(ALL_DECODED)
    picture = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    return picture.convert("RGB")


def sign_in(page: Page, url: str) -> None:
    """With the password that the site at DATA_DIR made for its demo editor."""
    from monolith.demo.people import EDITOR, read_passwords  # models, which Django has to load first

    password = read_passwords(settings.DATA_DIR / "demo" / "sign-ins.txt")[EDITOR.email]
    page.goto(f"{url}/accounts/login/")
    page.locator("main [name=login]").fill(EDITOR.email)
    page.locator("main [name=password]").fill(password)
    with page.expect_navigation():
        page.locator("main form [type=submit]").first.click()


def main() -> None:
    django.setup()
    parser = argparse.ArgumentParser(prog="bin/screenshots", description=__doc__)
    parser.add_argument(
        "url", nargs="?", default=settings.SITE_URL, help="where the site runs (default: %(default)s)"
    )
    url = parser.parse_args().url.rstrip("/")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        for shot in SHOTS:
            file = FOLDER / f"{shot.name}.webp"
            take(browser, url, shot).save(file, quality=82, method=6)
            print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} KB")
        browser.close()


if __name__ == "__main__":
    main()
