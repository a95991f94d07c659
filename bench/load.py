"""Load by wrk, in rounds that alternate between the things compared; figures are medians of the rounds."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.pages import afresh

AFRESH = Path(__file__).with_name("afresh.lua")
RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)")


class BadAnswers(RuntimeError):
    """The load met errors, so its rate says nothing."""


@dataclass(frozen=True)
class Target:
    """One thing to ask for. `headers` as in HTTP. `afresh`: as a page that has to be made."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    afresh: bool = False


def rate(target: Target, connections: int, seconds: float) -> float:
    """Requests per second. Raises BadAnswers when any answer was an error."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    for name, value in target.headers.items():
        command += ["-H", f"{name}: {value}"]
    command.append(target.url)
    if target.afresh:
        command += ["-s", str(AFRESH), "--", uuid.uuid4().hex]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = RATE.search(output)
    # A sync worker closes each connection after its answer, which wrk counts as read errors of no answer.
    wrong = [m for m in BAD.finditer(output) if m.group(1)]
    if found is None or wrong:
        raise BadAnswers(f"{target.name}: {output}")
    return float(found.group(1))


def rates(
    targets: Sequence[Target], *, connections: int, rounds: int = 3, seconds: float = 2
) -> dict[str, float]:
    """The median rate of each target over `rounds`, all targets in turn in every round."""
    for target in targets:
        rate(target, connections, 1)
    measured: dict[str, list[float]] = {target.name: [] for target in targets}
    for _ in range(rounds):
        for target in targets:
            measured[target.name].append(rate(target, connections, seconds))
            time.sleep(0.2)  # what was asked last is still being answered when wrk leaves
    return {name: median(values) for name, values in measured.items()}


def ask(target: Target, requests: int, before: Callable[[], None] | None = None) -> None:
    """So many requests, one after the other, `before` each of them. Raises OSError when an answer is an error."""
    for _ in range(requests):
        if before:
            before()
        url = afresh(target.url) if target.afresh else target.url
        request = urllib.request.Request(url, headers=dict(target.headers))
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
