"""Another process that serves contexts: its addresses by turns, and how many calls may wait for it."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc

from seam.address import Address, Ended
from seam.request import is_awaited, seconds_left
from seam.wire import Unavailable

if TYPE_CHECKING:
    from seam.credentials import Credentials

# A thread that finds all places taken waits so long for one: ordinary calls are back by then.
PATIENCE = 0.1
# Who is up is known so soon after the first call; then it is tried without knowing.
FIRST_LOOK = 0.5


class RetryTokens:
    """Retries end when more than a few of the last calls failed: a service in trouble must not get twice the load."""

    MOST = 10.0
    PER_SUCCESS = 0.1

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens = self.MOST

    def note(self, *, success: bool) -> None:
        with self._lock:
            change = self.PER_SUCCESS if success else -1.0
            self._tokens = min(self.MOST, max(0.0, self._tokens + change))

    def allow(self) -> bool:
        return self._tokens > self.MOST / 2


class Peer:
    """Calls by turns whichever addresses answer; opened at the first call, anew after a fork.

    At most `at_once` calls of this process wait for it. A request that finds so many waiting goes without after
    PATIENCE seconds; a job, for which nobody waits, after its time is used up.
    """

    def __init__(self, targets: Sequence[str], credentials: Credentials, *, at_once: int) -> None:
        self.targets = tuple(targets)
        self.credentials = credentials
        self._at_once = at_once
        self._lock = threading.Lock()
        self._opened_by: int | None = None

    def __str__(self) -> str:
        return ", ".join(self.targets)

    def call(self, path: str, data: bytes, metadata: Sequence[tuple[str, str]], *, may_repeat: bool) -> bytes:
        """The answer's bytes. `may_repeat`: asking twice does no harm.

        Raises Unavailable when nobody answers in time, Ended for any other failure.
        """
        addresses = self._open()
        with self._place():
            first = self._choose(addresses)
            try:
                return self._send(first, path, data, metadata)
            except _Unanswered as failed:
                if not (may_repeat and self._retries.allow()):
                    raise Unavailable(str(failed)) from failed
            others = [address for address in addresses if address is not first]
            try:
                return self._send(self._choose(others or addresses), path, data, metadata)
            except _Unanswered as failed:
                raise Unavailable(str(failed)) from failed

    def close(self) -> None:
        with self._lock:
            for address in self._addresses if self._opened_by == os.getpid() else ():
                address.close()
            self._opened_by = None

    def _open(self) -> list[Address]:
        if self._opened_by != os.getpid():
            with self._lock:
                if self._opened_by != os.getpid():
                    self._places = threading.BoundedSemaphore(self._at_once)
                    self._retries = RetryTokens()
                    self._turn = itertools.count()
                    self._addresses = [Address(target, self.credentials) for target in self.targets]
                    self._opened_by = os.getpid()
        return self._addresses

    @contextmanager
    def _place(self) -> Iterator[None]:
        patience = min(PATIENCE, seconds_left()) if is_awaited() else seconds_left()
        if not self._places.acquire(timeout=max(patience, 0)):
            raise Unavailable(f"{self} is slow: {self._at_once} calls wait for it already.")
        try:
            yield
        finally:
            self._places.release()

    def _choose(self, addresses: Sequence[Address]) -> Address:
        """The next one in turn of those that are up. Raises Unavailable when all are known to be down."""
        until = time.monotonic() + min(FIRST_LOOK, seconds_left())
        for address in addresses:
            address.looked.wait(max(0, until - time.monotonic()))
        fit = [a for a in addresses if a.is_up] or [a for a in addresses if a.is_up is None]
        if not fit:
            raise Unavailable(f"{self} does not answer.")
        return fit[next(self._turn) % len(fit)]

    def _send(self, address: Address, path: str, data: bytes, metadata: Sequence[tuple[str, str]]) -> bytes:
        seconds = seconds_left()
        if seconds <= 0:
            raise Unavailable(f"{path} was not asked: the time of this request is used up.")
        try:
            answer = address.send(path, data, seconds, metadata)
        except Ended as ended:
            if ended.code is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise Unavailable(
                    f"{path} at {address.target} was not answered in {seconds:.1f} s."
                ) from ended
            if ended.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                self._retries.note(success=False)
                raise _Unanswered(f"{path} at {address.target}: {ended.text}") from ended
            raise
        self._retries.note(success=True)
        return answer


class _Unanswered(Exception):
    """An address that can't be reached, or says that it can't serve now."""
