"""pytest's part of the acceptance suite: `--topology NAME`, and the table of journeys and topologies at the end."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.journeys.topologies import TOPOLOGIES

# A variant of a journey that looks with other eyes at what test_same.py shows to be the same on every topology.
other_eyes = pytest.mark.other_eyes
with_and_without_javascript = pytest.mark.parametrize(
    "javascript", [pytest.param(True, id="js"), pytest.param(False, id="no-js", marks=other_eyes)]
)
SIGNS = {"passed": "✓", "failed": "✗", "skipped": "–"}
WORST = ("failed", "skipped", "passed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--topology",
        action="append",
        choices=list(TOPOLOGIES),
        default=[],
        help="drive the journeys on this topology only; may be given again (default: on all)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A journey that goes to a place goes to it on every topology, or on those that its mark `topologies` names."""
    if "place" not in metafunc.fixturenames or "tests/journeys/" not in metafunc.definition.nodeid:
        return
    mark = metafunc.definition.get_closest_marker("topologies")
    wanted = metafunc.config.getoption("topology")
    names = [
        pytest.param(name, marks=pytest.mark.xdist_group(name))
        for name in (mark.args if mark else TOPOLOGIES)
        if not wanted or name in wanted
    ]
    metafunc.parametrize("place", names, indirect=True, scope="session")


def is_seen_elsewhere(item: pytest.Item) -> bool:
    """Whether it is the first topology that shows what this variant would; one that is asked for shows all."""
    spec = getattr(item, "callspec", None)
    is_first = bool(spec) and spec.params.get("place") == next(iter(TOPOLOGIES))
    asked = item.config.getoption("topology")
    return item.get_closest_marker("other_eyes") is not None and not is_first and not asked


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = outcomes(report for reports in terminalreporter.stats.values() for report in reports)
    if found:
        terminalreporter.section("journeys and topologies")
        for line in table(found):
            terminalreporter.write_line(line)


def outcomes(reports: Iterable[object]) -> dict[str, dict[str, str]]:
    """How each journey ended on each topology: the worst of its variants and phases."""
    found: dict[str, dict[str, str]] = {}
    for report in reports:
        if not isinstance(report, pytest.TestReport) or "tests/journeys/" not in report.nodeid:
            continue
        path, _, rest = report.nodeid.partition("::")
        name, _, variant = rest.partition("[")
        ran_on = set(variant.partition("]")[0].split("-")) & TOPOLOGIES.keys()
        if ran_on and (report.when == "call" or report.outcome != "passed"):
            row = found.setdefault(f"{path.rpartition('/')[2].removesuffix('.py')}: {name}", {})
            topology = ran_on.pop()
            row[topology] = min(report.outcome, row.get(topology, "passed"), key=WORST.index)
    return found


def table(found: dict[str, dict[str, str]]) -> Iterable[str]:
    columns = [name for name in TOPOLOGIES if any(name in row for row in found.values())]
    wide = max(map(len, found))
    yield " " * wide + "".join(f"  {name}" for name in columns)
    for journey, row in sorted(found.items()):
        signs = (SIGNS.get(row.get(name, ""), " ") for name in columns)
        yield f"{journey:<{wide}}" + "".join(
            f"  {sign:^{len(name)}}" for sign, name in zip(signs, columns, strict=True)
        )
    yield "✓ passed   ✗ failed   – skipped   blank: not a matter of topology"
