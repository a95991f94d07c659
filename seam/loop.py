"""Polling loops that end cleanly: on SIGTERM each finishes what it holds, and a dead one ends the process."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence

from django.db import close_old_connections, connections

log = logging.getLogger(__name__)

IDLE_SLEEP = 0.2
TROUBLE_SLEEP = 2.0


class LoopDied(RuntimeError):
    """A loop ended that nobody told to; the process must not go on as if it had not."""


def until_told_to_stop() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Call from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def poll(step: Callable[[], int], stop: threading.Event, *, idle: float = IDLE_SLEEP) -> None:
    """Call `step` until `stop`; it returns how much it did, and nothing done means sleeping `idle` seconds.

    An error (a database away) is logged and tried again; it never ends the loop.
    """
    failing = False
    try:
        while not stop.is_set():
            try:
                close_old_connections()
                did = step()
                failing = False
            except Exception as error:
                # Where it went wrong is told once, that it still does each time.
                log.error("%s: %s; again in %s s", step.__name__, error, TROUBLE_SLEEP, exc_info=not failing)
                failing = True
                stop.wait(TROUBLE_SLEEP)
                continue
            if not did:
                stop.wait(idle)
    finally:
        connections.close_all()


def run_loops(loops: Sequence[Callable[[], None]], stop: threading.Event) -> None:
    """Run each in a thread of its own until all have ended. Raises LoopDied when one ends before `stop`."""
    threads = [threading.Thread(target=loop, name=f"loop-{n}") for n, loop in enumerate(loops)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        threads[0].join(0.5)
        if not stop.is_set() and not all(thread.is_alive() for thread in threads):
            stop.set()
            raise LoopDied("A loop ended on its own; what it raised stands above.")
