"""The ledger sees a difference that matters, and none that doesn't; the table shows the worst of a journey; variants
in other eyes go to one topology."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.journeys.ledger import Ledger, Words
from tests.journeys.table import outcomes, table
from tests.servers import ROOT


def test_what_differs_between_topologies_is_told(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.compare("api", "embedded", {"status": 200})
    ledger.compare("api", "servers", {"status": 200})
    with pytest.raises(AssertionError, match='\\+ "status": 500'):
        ledger.compare("api", "split", {"status": 500})


def test_the_same_ids_in_the_same_places_are_the_same_words() -> None:
    def told(url: str) -> str:
        first, second = uuid4(), uuid4()
        text = f'{url}/{first} {second.hex} {first} <time datetime="{uuid4()}">now</time> 2026-01-02T03:04:05.678Z'
        return Words(url).plain(text)

    assert told("http://localhost:1") == told("http://localhost:2")
    assert told("http://localhost:1").count("‹id 1›") == 2
    assert Words("http://x").plain("12.50 in 2026") == "12.50 in 2026"


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "on_split"), [([], 1), (["--topology", "split"], 3)])
def test_one_topology_is_enough_for_other_eyes(asked: list[str], on_split: int) -> None:
    facets = ["--collect-only", "-q", "-p", "no:cacheprovider", "tests/journeys/test_facets.py"]
    command = [sys.executable, "-m", "pytest", *facets, *asked]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("[split-") == on_split
    assert done.stdout.count("[embedded-") == (0 if asked else 3)


def report(nodeid: str, outcome: str, when: str = "call") -> pytest.TestReport:
    return pytest.TestReport(nodeid, ("", 0, ""), {}, outcome, None, when)  # type: ignore[arg-type]


def test_the_table_shows_the_worst_of_a_journey_on_each_topology() -> None:
    journey = "tests/journeys/test_browse.py::test_it"
    found = outcomes(
        [
            report(f"{journey}[embedded-chromium-js]", "passed"),
            report(f"{journey}[embedded-chromium-no-js]", "failed"),
            report(f"{journey}[servers]@servers", "passed"),
            report(f"{journey}[container-chromium-js]", "skipped", "setup"),
            report("tests/journeys/test_ledger.py::test_no_journey", "passed"),
        ]
    )
    assert found == {
        "test_browse: test_it": {"embedded": "failed", "servers": "passed", "container": "skipped"}
    }
    assert next(line for line in table(found) if "test_it" in line).split() == [
        "test_browse:",
        "test_it",
        "✗",
        "✓",
        "–",
    ]
