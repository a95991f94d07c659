"""Processes that must not outlive each other: a child ends with its parent, and a deaf child with all it started."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> None:
    """From now on this process gets SIGTERM when its parent, whose id that is, has ended. Only Linux can do it."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGTERM)


def end_at_once(process: int) -> None:
    """SIGKILL to a process and, where /proc tells them, to those it started."""
    for one in [*_started_by(process), process]:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def _started_by(process: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for listed in Path(f"/proc/{process}/task").glob("*/children"):
            for child in map(int, listed.read_text().split()):
                found += [*_started_by(child), child]
    return found
