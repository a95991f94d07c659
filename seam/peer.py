"""Another process that serves contexts: its addresses, which of them answer, and how many calls may wait for it."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from seam.request import is_awaited, seconds_left
from seam.wire import Unavailable

if TYPE_CHECKING:
    from seam.credentials import Credentials

MAX_MESSAGE_BYTES = 8 << 20
MAX_METADATA_BYTES = 64 << 10
SIZES: list[tuple[str, Any]] = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
]
OPTIONS: list[tuple[str, Any]] = [
    *SIZES,
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.lb_policy_name", "round_robin"),  # where a name has several addresses
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.enable_http_proxy", 0),  # a proxy for the world outside has no business between our services
]
# A thread that finds all places taken waits so long for one: ordinary calls are back by then.
PATIENCE = 0.1
LOOK_AGAIN = 0.25
FIRST_LOOK = 0.5


class Ended(Exception):
    """A call that ended in another status than OK."""

    def __init__(self, error: grpc.RpcError) -> None:
        call = cast(grpc.Call, error)  # each that a call raises is one as well
        self.code = call.code()
        self.text = call.details() or ""
        self.metadata = dict(call.trailing_metadata() or ())
        super().__init__(f"{self.code.name}: {self.text}")


class Address:
    """One address of a peer. `is_up` is what its health service last said, None as long as nobody knows."""

    def __init__(self, target: str, credentials: Credentials) -> None:
        self.target = target
        self.is_up: bool | None = None
        self.looked = threading.Event()
        self._channel = credentials.channel(target, OPTIONS)
        self._methods: dict[str, Callable[..., bytes]] = {}
        self._closed = False
        threading.Thread(target=self._watch, name=f"health-{target}", daemon=True).start()

    def send(self, path: str, data: bytes, seconds: float, metadata: Sequence[tuple[str, str]]) -> bytes:
        """Raises Ended."""
        method = self._methods.get(path)
        if method is None:
            method = self._methods[path] = self._channel.unary_unary(path, None, None)
        try:
            return method(data, timeout=seconds, metadata=tuple(metadata))
        except grpc.RpcError as error:
            raise Ended(error) from None

    def close(self) -> None:
        self._closed = True
        self._channel.close()

    def _watch(self) -> None:
        """The server says by itself when it begins to drain; a dead one ends the stream, a hung one by keep-alive."""
        stub = health_pb2_grpc.HealthStub(self._channel)
        while not self._closed:
            try:
                for answer in stub.Watch(health_pb2.HealthCheckRequest()):
                    self._note(answer.status == health_pb2.HealthCheckResponse.SERVING)
            except grpc.RpcError as error:
                if Ended(error).code is grpc.StatusCode.UNIMPLEMENTED:
                    self._note(True)  # it has no health service, so that it answers is all that can be known
                    return
            except ValueError:  # closed meanwhile
                return
            self._note(False)
            time.sleep(LOOK_AGAIN)

    def _note(self, is_up: bool) -> None:
        self.is_up = is_up
        self.looked.set()


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
