"""Asks axe-core (Deque, MPL 2.0, tests/vendor) what is wrong with a page."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.servers import ROOT


@cache
def source() -> str:
    (file,) = (ROOT / "tests" / "vendor").glob("axe-*.min.js")
    return file.read_text()


def violations(page: Page) -> list[str]:
    """Each broken rule with the elements that break it; every rule axe has is asked, best practice too."""
    page.evaluate(source())
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)"
    )
    return [f"{rule['id']} ({rule['impact']}): {rule['help']}\n  {_elements(rule)}" for rule in found]


def _elements(rule: dict[str, Any]) -> str:
    return "\n  ".join(f"{node['html'][:200]} — {node['failureSummary'][:300]}" for node in rule["nodes"][:5])
