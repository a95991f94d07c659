"""Pages of the catalogue weigh little and hold still while their pictures arrive."""

from __future__ import annotations

import pytest
from playwright.sync_api import Response

from tests.journeys.conftest import Window

# How a page looks does not depend on where it was made: test_same.py compares the pages of all topologies.
pytestmark = [pytest.mark.browser, pytest.mark.topologies("embedded")]

PAGES = ("/", "/browse", "/categories/abstract", "/items/deep-bay", "/search?q=light")
SHIFTED = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += 400) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 50));
  }
  const seen = [...document.images].filter(image => image.checkVisibility());
  const arrived = seen.map(image => image.complete || new Promise(done => image.onload = image.onerror = done));
  await Promise.race([Promise.all(arrived), new Promise(done => setTimeout(done, 10000))]);
  return new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
      .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 300);
  });
}"""


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_style_and_script_are_light_and_nothing_moves(window: Window, path: str, phone: bool) -> None:
    """At most 30 KB of both as they cross the network, and a shift of 0.02."""
    visitor, weights = window(phone=phone), dict[str, int]()

    def weigh(response: Response) -> None:
        if response.url.endswith((".css", ".js")) and not response.url.endswith("/sw.js"):
            weights[response.url] = int(response.headers["content-length"])

    visitor.page.on("response", weigh)
    visitor.go(path)
    visitor.page.wait_for_load_state("networkidle")
    assert len(weights) >= 6
    assert sum(weights.values()) <= 30_000, weights
    assert visitor.main().locator("picture img").count() > 0
    assert visitor.page.evaluate(SHIFTED) <= 0.02
