"""A breaker before a cache that may go away, so that a dead one costs nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

FAILURES = 3
PAUSE = 1.0


class Breaker:
    """Lets commands through until FAILURES in a row failed; then nobody waits for the server until it answers a ping.

    The ping runs in a thread of its own, at most every PAUSE seconds and only while somebody would use the server:
    no request ever waits to find out whether it is back. A failure is an error of `failed`, of which the first is
    raised while nobody is let through.
    """

    def __init__(
        self,
        ping: Callable[[], object],
        *,
        server: str,
        failed: tuple[type[Exception], ...],
    ) -> None:
        self._ping = ping
        self._server = server
        self._failures_are = failed
        self._lock = threading.Lock()
        self._failures = 0
        self._next_ping = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    def call(self, command: Callable[[], Any]) -> Any:
        """What `command` returns. Raises the first of `failed` at once while open."""
        if self.is_open:
            self._ask_in_background()
            raise self._failures_are[0](f"{self._server} did not answer and is not asked until it does.")
        try:
            result = command()
        except self._failures_are as error:
            self._failed(error)
            raise
        self._failures = 0
        return result

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES:
                self._next_ping = time.monotonic() + PAUSE
                log.warning("%s does not answer (%s); going on without it", self._server, error)

    def _ask_in_background(self) -> None:
        with self._lock:
            if time.monotonic() < self._next_ping:
                return
            self._next_ping = time.monotonic() + PAUSE
        threading.Thread(target=self._try_again, name="cache-ping", daemon=True).start()

    def _try_again(self) -> None:
        try:
            self._ping()
        except Exception:  # whatever it says, it is not the answer
            return
        self._failures = 0
        log.warning("%s answers again", self._server)
