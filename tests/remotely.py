"""The binding `remote` within a test's own process: a real gRPC server whose threads see what the test sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.db import connections

from seam.binding import face
from seam.contract import Contract, Method
from seam.credentials import Credentials
from seam.peer import Peer
from seam.registry import registry
from seam.remote import READS, remote
from seam.server import Server

KEY = "a key for tests that is long enough to be one with any algorithm there is"
OURS = Credentials("tests", (KEY,))


@contextmanager
def running(
    *kept: tuple[Contract, ModuleType], credentials: Credentials = OURS, threads: int = 4, port: int = 0
) -> Iterator[str]:
    """A server of these contracts on loopback, by default on a free port; the address it answers at."""
    served = [(registry.messages[contract.name], service) for contract, service in kept]
    server = Server(served, credentials, threads=threads, around=lender())
    try:
        yield f"127.0.0.1:{server.start(f'127.0.0.1:{port}')}"
    finally:
        server.drain(0)


@contextmanager
def reached(*addresses: str, credentials: Credentials = OURS, at_once: int = 4) -> Iterator[Peer]:
    """Whoever serves there, as one who calls sees them."""
    peer = Peer(addresses, credentials, at_once=at_once)
    try:
        yield peer
    finally:
        peer.close()


@contextmanager
def served(*kept: tuple[Contract, ModuleType]) -> Iterator[Peer]:
    """A server of these contracts, and the peer to call it by."""
    with running(*kept) as address, reached(address) as peer:
        yield peer


def lender() -> Callable[[], Any]:
    """Lends this thread's database connections, with the transaction a test runs in, to the thread of a call.

    Nothing is used twice at a time: whoever called waits for the answer.
    """
    ours = {alias: connections[alias] for alias in connections}

    @contextmanager
    def lent() -> Iterator[None]:
        for alias, connection in ours.items():
            connection.inc_thread_sharing()
            connections[alias] = connection
        try:
            yield
        finally:
            for connection in ours.values():
                connection.dec_thread_sharing()

    return lent


def asked_twice(contract: Contract, keeper: Any) -> Any:
    """Each read is sent twice and must be answered the same, as it may be when the first answer got lost."""
    return face(contract, lambda method: _twice(method, getattr(keeper, method.name)))


def _twice(method: Method, call: Callable[..., Any]) -> Callable[..., Any]:
    def call_twice(**arguments: Any) -> Any:
        answer = call(**arguments)
        assert answer == call(**arguments), f"{method.name} answers differently when it is asked again"
        return answer

    return call_twice if method.name.startswith(READS) else call


def bound(contract: Contract, service: ModuleType, peer: Peer) -> Any:
    """What `bind` takes; `service` is the one the server behind `peer` was given."""
    return asked_twice(contract, remote(contract, peer))


def delivered_twice(peer: Peer) -> dict[str, Any]:
    """Receivers of events for `registry.receivers`: the same process, told everything twice."""
    return {name: remote(registry.contracts["seam"], peer) for name in ("once", "twice")}


def everything() -> Sequence[tuple[Contract, ModuleType]]:
    """All that `manage.py rpc` would serve here."""
    from seam import inbox

    return [*((s.contract, s.service) for s in registry), (registry.contracts["seam"], inbox)]
