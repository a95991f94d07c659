"""The binding `remote`: a context that another process serves, asked by gRPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seam.address import Ended
from seam.binding import READS, face, refuse_inside_transaction
from seam.codec import InvalidMessage
from seam.contract import Contract, Method
from seam.credentials import Tokens
from seam.messages import Messages, camel
from seam.peer import Peer
from seam.registry import registry
from seam.replicas import note_write
from seam.request import carried
from seam.status import SHORT, error_of
from seam.wire import CallFailed, Unavailable, encode_call

__all__ = ["CallFailed", "Unavailable", "remote"]


def remote(contract: Contract, peer: Peer) -> Any:
    """Each call is sent to `peer` with the request's id, its language, our name, and what is left of its time.

    A declared error arrives as itself. Raises Unavailable when nobody answers in time, CallFailed for any other
    failure.
    """
    messages = registry.messages[contract.name]
    tokens = Tokens(peer.credentials, contract.name)
    return face(contract, lambda method: _caller(messages, method, peer, tokens))


def _caller(messages: Messages, method: Method, peer: Peer, tokens: Tokens) -> Callable[..., Any]:
    context = messages.contract.name
    path = f"/{messages.service}/{camel(method.name)}"
    answers, may_repeat = messages.response[method.name], method.name.startswith(READS)

    def call(**arguments: Any) -> Any:
        refuse_inside_transaction(context)
        if not may_repeat:
            note_write()
        data = encode_call(messages, method, arguments)
        metadata = [(key, value) for key, value in carried().items() if value]
        if token := tokens.current():
            metadata.append(("authorization", f"Bearer {token}"))
        try:
            answer = peer.call(path, data, metadata, may_repeat=may_repeat)
        except Ended as ended:
            raise _failure(messages, method, ended) from ended
        return answers.decode(answer).get("result")

    return call


def _failure(messages: Messages, method: Method, ended: Ended) -> Exception:
    """What the caller gets to see of a call that was answered, and not with a result."""
    where = f"{messages.contract.name}.{method.name}"
    try:
        declared = error_of(messages, ended.metadata)
    except InvalidMessage as unknown:
        return CallFailed(f"{where} failed: {unknown}.")
    if declared is not None:
        return declared
    text = ended.text[:SHORT]
    return CallFailed(text if text.startswith(where) else f"{where} failed: {ended.code.name}: {text}")
