"""One address of another process, and whether it is up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

if TYPE_CHECKING:
    from seam.credentials import Credentials

MAX_MESSAGE_BYTES = 8 << 20
MAX_METADATA_BYTES = 64 << 10
SIZES: list[tuple[str, Any]] = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
]
OPTIONS: list[tuple[str, Any]] = [
    *SIZES,
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.lb_policy_name", "round_robin"),  # where a name has several addresses
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.enable_http_proxy", 0),  # a proxy for the world outside has no business between our services
]
LOOK_AGAIN = 0.25  # seconds


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
