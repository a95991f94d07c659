"""The contracts kept here, served by gRPC to other processes: with health, reflection, and nobody unknown let in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context
from types import ModuleType
from typing import Any

import grpc
from django.db import InterfaceError, OperationalError, close_old_connections
from google.protobuf import descriptor_pool, timestamp_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from seam.address import SIZES
from seam.binding import keeping
from seam.codec import InvalidMessage
from seam.contract import Method
from seam.credentials import Credentials
from seam.doorkeeper import Doorkeeper
from seam.messages import Messages, camel
from seam.request import OUTSIDE_SECONDS, budget, carrying
from seam.status import DECLARED, DETAILS, error_to_status
from seam.wire import CallFailed, Unavailable, answer_call

OPTIONS: list[tuple[str, Any]] = [
    *SIZES,
    ("grpc.so_reuseport", 0),  # a second process on the same port is a mistake, and hears of it
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
]
# Between saying that we end and taking no more calls: until then whoever watches our health has turned elsewhere.
FAREWELL = 0.5
FLUSH = 0.2

Around = Callable[[], AbstractContextManager[None]]


@contextmanager
def fresh_connections() -> Iterator[None]:
    """As Django does around each request: no connection to a database that is too old or broken is used."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


class Server:
    """Serves contracts, each with the module that keeps it. `around` is entered in the thread of each call."""

    def __init__(
        self,
        kept: Sequence[tuple[Messages, ModuleType]],
        credentials: Credentials,
        *,
        threads: int,
        around: Around = fresh_connections,
    ) -> None:
        self._credentials = credentials
        self._calls = Calls()
        self._health = health.HealthServicer()
        names = {messages.service: messages.contract.name for messages, _service in kept}
        self._server = grpc.server(
            ThreadPoolExecutor(threads, thread_name_prefix="rpc"),
            options=OPTIONS,
            interceptors=[Doorkeeper(credentials, names)] if credentials.keys else [],
        )
        for messages, service in kept:
            handlers = {
                camel(method.name): grpc.unary_unary_rpc_method_handler(
                    _answering(messages, method, keeping(method, service), around, self._calls)
                )
                for method in messages.contract.methods.values()
            }
            generic = grpc.method_handlers_generic_handler(messages.service, handlers)
            self._server.add_generic_rpc_handlers((generic,))
            self._health.set(messages.service, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            [*names, health.SERVICE_NAME, reflection.SERVICE_NAME],
            self._server,
            _pool([messages for messages, _service in kept]),
        )

    def start(self, address: str) -> int:
        """The port it listens on. Raises RuntimeError where it can't."""
        port = self._credentials.listen(self._server, address)
        self._server.start()
        return port

    def drain(self, seconds: float) -> None:
        """Tell everybody that we end, take no more calls, and return when those in hand are answered, or time is up."""
        ends_at = time.monotonic() + seconds
        self._health.enter_graceful_shutdown()
        time.sleep(min(FAREWELL, seconds))
        self._server.stop(seconds)  # returns at once
        self._calls.wait(ends_at - time.monotonic())
        # Streams of those who watch our health would last for ever.
        self._server.stop(FLUSH).wait()


class Calls:
    """Counts the calls in hand."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Until there are none; whether that was in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, max(seconds, 0))


def _pool(served: Sequence[Messages]) -> descriptor_pool.DescriptorPool:
    """What reflection tells: our contracts, what they import, and the services every server has."""
    pool = descriptor_pool.DescriptorPool()
    for known in (timestamp_pb2, health_pb2, reflection_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    for messages in served:
        pool.AddSerializedFile(messages.file.SerializeToString())
    return pool


def _answering(
    messages: Messages, method: Method, function: Callable[..., Any], around: Around, calls: Calls
) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    where = f"{messages.contract.name}.{method.name}"

    def serve(data: bytes, metadata: dict[str, str], seconds: float) -> tuple[bool, bytes]:
        with calls, around(), carrying(metadata), budget(seconds):
            return answer_call(messages, method, function, data)

    def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
        seconds = min(context.time_remaining() or OUTSIDE_SECONDS, OUTSIDE_SECONDS)
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        try:
            # An empty Context, as in `wire`: nothing is left in this thread for the next call.
            declared, answered = Context().run(serve, data, metadata, seconds)
        except InvalidMessage as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{where}: {error}")
        except CallFailed as failed:
            away = isinstance(failed.__cause__, OperationalError | InterfaceError | Unavailable)
            context.abort(grpc.StatusCode.UNAVAILABLE if away else grpc.StatusCode.INTERNAL, str(failed))
        if declared:
            text, details = error_to_status(messages, answered)
            context.set_trailing_metadata(((DETAILS, details),))
            context.abort(DECLARED, text)
        return answered

    return answer
