"""How long we wait for a store of files that may not answer: not again and again, and never with all our threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings

from apps.media.contract import StorageAway

log = logging.getLogger(__name__)

FAILURES = 3  # in a row; then nobody waits
PAUSE = 5.0  # seconds until one asks again, while the others still don't wait
SLOW = 2.0  # seconds after which a short question is one that takes long
QUEUE = 1.0  # seconds for which a short question waits for another one to be over


@dataclass(eq=False)
class Wait:
    """One question to the store. `failed` is set by who asks, when there was no answer or one of a broken server."""

    soon: bool
    since: float = field(default_factory=time.monotonic)
    failed: bool = False


class Patience:
    """Shared by all threads of a process that ask the same store."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._lock = threading.Condition()
        self._waits: set[Wait] = set()
        self._failures = 0
        self._next_try = 0.0

    @contextmanager
    def waiting(self, *, soon: bool) -> Iterator[Wait]:
        """Raises StorageAway at once when the store did not answer lately, or keeps half of our threads already.

        One thread of a process is always left for what needs no files.
        """
        wait = self._begin(soon)
        try:
            yield wait
        finally:
            self._end(wait)

    def forget(self) -> None:
        """Begin anew, as after a start."""
        with self._lock:
            self._failures = 0

    def _begin(self, soon: bool) -> Wait:
        wait = Wait(soon)
        with self._lock:
            if self._failures >= FAILURES:
                if wait.since < self._next_try:
                    raise StorageAway(f"{self._who} did not answer and is not asked until it does.")
                self._next_try = wait.since + PAUSE
            if soon and not self._lock.wait_for(self._has_room, 0 if self._is_slow() else QUEUE):
                raise StorageAway(f"{self._who} is slow; enough are waiting for it.")
            self._waits.add(wait)
        return wait

    def _has_room(self) -> bool:
        asking = sum(wait.soon for wait in self._waits)
        return asking < max(1, settings.WEB_THREADS - 1) and not self._is_slow()

    def _is_slow(self) -> bool:
        now = time.monotonic()
        slow = sum(wait.soon and now - wait.since > SLOW for wait in self._waits)
        return slow >= max(1, settings.WEB_THREADS // 2)

    def _end(self, wait: Wait) -> None:
        with self._lock:
            self._waits.discard(wait)
            self._lock.notify()
            before, self._failures = self._failures, self._failures + 1 if wait.failed else 0
            if wait.failed:
                self._next_try = time.monotonic() + PAUSE
        if before < FAILURES <= self._failures:
            log.warning("%s does not answer; going on without it", self._who)
        elif before >= FAILURES > self._failures:
            log.warning("%s answers again", self._who)
