"""A polling loop that ends cleanly: finishes what it holds on SIGTERM, sleeps when there is nothing to do."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable

from django.db import close_old_connections

log = logging.getLogger(__name__)

IDLE_SLEEP = 0.2
TROUBLE_SLEEP = 2.0


def until_told_to_stop() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Call from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def poll(step: Callable[[], int], stop: threading.Event) -> None:
    """Call `step` until `stop`; it returns how much it did, and nothing done means a short sleep.

    An error (a database away) is logged and tried again; it never ends the process.
    """
    while not stop.is_set():
        try:
            close_old_connections()
            did = step()
        except Exception:
            log.exception("%s failed; trying again in %s s", getattr(step, "__name__", step), TROUBLE_SLEEP)
            stop.wait(TROUBLE_SLEEP)
            continue
        if not did:
            stop.wait(IDLE_SLEEP)
