"""The binding `wire`: the same process, but every call goes through the bytes that would cross a network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import Context
from types import ModuleType
from typing import Any

from seam.binding import READS, face, keeping, refuse_inside_transaction
from seam.codec import InvalidMessage
from seam.contract import Contract, ContractError, Method, sensitive_in
from seam.db import open_transaction, remember
from seam.messages import Messages
from seam.registry import registry
from seam.replicas import note_write
from seam.request import carried, carrying
from seam.sensitive import handling

log = logging.getLogger(__name__)


class CallFailed(RuntimeError):
    """A call ended in something its contract does not name; the log of whoever keeps it says in what."""


class Unavailable(CallFailed):
    """Nobody answered in time, or too many calls wait for an answer already. Whether it was done is not known."""


def wire(contract: Contract, service: ModuleType) -> Any:
    """Each call is encoded, decoded, kept by `service`, and its answer encoded and decoded."""
    messages = registry.messages[contract.name]
    return face(contract, lambda method: _caller(messages, method, keeping(method, service)))


def _caller(messages: Messages, method: Method, function: Callable[..., Any]) -> Callable[..., Any]:
    context = messages.contract.name

    def call(**arguments: Any) -> Any:
        refuse_inside_transaction(context)
        if not method.name.startswith(READS):
            note_write()
        data = encode_call(messages, method, arguments)
        # An empty Context: nothing reaches the other side but what is carried on purpose. The open transaction is
        # the exception: it is this context's own, as a service that calls itself would have it.
        declared, answer = Context().run(
            _serve, messages, method, function, data, carried(), open_transaction()
        )
        if declared:
            raise messages.decode_error(answer)
        return messages.response[method.name].decode(answer).get("result")

    return call


def encode_call(messages: Messages, method: Method, arguments: dict[str, Any]) -> bytes:
    """The request's bytes. Raises TypeError as Python does for a wrong set of arguments, or InvalidMessage."""
    where = f"{messages.contract.name}.{method.name}"
    missing = {f.name for f in method.parameters if f.default is None} - arguments.keys()
    unknown = arguments.keys() - {f.name for f in method.parameters}
    if missing or unknown:
        raise TypeError(
            f"{where}() lacks {sorted(missing)}" if missing else f"{where}() knows no {sorted(unknown)}"
        )
    try:
        return messages.request[method.name].encode(arguments)
    except InvalidMessage as error:
        raise InvalidMessage(f"{where}: {error}") from None


def answer_call(
    messages: Messages, method: Method, function: Callable[..., Any], data: bytes
) -> tuple[bool, bytes]:
    """Whether a declared error was raised, and the bytes of it or of the result.

    Raises InvalidMessage for a request nobody can read, and CallFailed, from its reason, for any other failure.
    """
    arguments = messages.request[method.name].decode(data)
    with handling(sensitive_in(method.parameters, arguments)):
        try:
            return False, messages.response[method.name].encode({"result": function(**arguments)})
        except ContractError as error:
            if error.code in messages.contract.errors:
                return True, messages.encode_error(error)
            reason: Exception = error
        except Exception as error:  # whatever it is, the caller learns only that it happened
            reason = error
        log.error("%s.%s failed", messages.contract.name, method.name, exc_info=reason)
    raise CallFailed(f"{messages.contract.name}.{method.name} failed: {type(reason).__name__}.") from reason


def _serve(
    messages: Messages,
    method: Method,
    function: Callable[..., Any],
    data: bytes,
    metadata: dict[str, str],
    transaction: str | None,
) -> tuple[bool, bytes]:
    with carrying(metadata), remember(transaction):
        return answer_call(messages, method, function, data)
