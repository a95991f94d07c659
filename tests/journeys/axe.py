"""Asks axe-core (Deque, MPL 2.0, tests/vendor) what is wrong with a page."""

from functools import cache
from typing import Any, Literal

from playwright.sync_api import Page

from tests.servers import ROOT

# Those of axe's category "color" that it asks unless told otherwise.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
COLOURS_HAVE_CHANGED = """new Promise(requestAnimationFrame).then(() => {
  for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish();
})"""


@cache
def source() -> str:
    (file,) = (ROOT / "tests" / "vendor").glob("axe-*.min.js")
    return file.read_text()


def violations(page: Page, *, dark: bool = True) -> list[str]:
    """Each broken rule with the elements that break it; every rule axe has is asked, best practice too.

    By daylight. In the dark a page has other colours and is the same besides, so there it is asked of colours only.
    """
    page.evaluate(source())
    found = _run(page, "light", {})
    if dark:
        found += _run(page, "dark", {"runOnly": {"type": "rule", "values": OF_COLOURS}})
        page.emulate_media(color_scheme="light")
    return found


def _run(page: Page, scheme: Literal["light", "dark"], options: dict[str, Any]) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    page.evaluate(COLOURS_HAVE_CHANGED)
    run = "options => axe.run(document, options).then(r => r.violations)"
    found: list[dict[str, Any]] = page.evaluate(run, {"resultTypes": ["violations"], **options})
    return [f"{rule['id']} ({rule['impact']}): {rule['help']}\n  {_elements(rule)}" for rule in found]


def _elements(rule: dict[str, Any]) -> str:
    return "\n  ".join(f"{node['html'][:200]} — {node['failureSummary'][:300]}" for node in rule["nodes"][:5])
