"""Finds the tests that the inner loop goes without: three in ten take most of its time.

python -m tests.weigh   weighs all that bin/test --fast could run, in three or four minutes, and writes tests/heavy.txt
"""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from statistics import mean

import pytest

from tests.servers import ROOT
from tests.suite import FAST

HEAVY = 0.045  # seconds of the processor, of one of its cases on average
LIST = ROOT / "tests" / "heavy.txt"


def name_of(item: pytest.Item) -> str:
    """The same for every case of a test."""
    return item.nodeid.partition("[")[0]


def listed() -> frozenset[str]:
    """The names of tests that are heavy."""
    return frozenset(LIST.read_text().splitlines())


def processor_seconds() -> float:
    """Of this process and of what it started and has seen end."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Scales:
    def __init__(self) -> None:
        self.weights: dict[str, list[float]] = defaultdict(list)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        began = processor_seconds()
        try:
            return (yield)
        finally:
            self.weights[name_of(item)].append(processor_seconds() - began)


def main() -> int:
    scales = Scales()
    code = pytest.main(["-q", "-m", FAST.marks], plugins=[scales])
    if not code:
        heavy = sorted(name for name, weights in scales.weights.items() if mean(weights) > HEAVY)
        LIST.write_text("".join(f"{name}\n" for name in heavy))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
