"""`use(Contract)`: whoever keeps the contract, bound once at start-up."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, cast

from seam.contract import Contract, InvalidContract, Method, sensitive_in, sensitive_paths
from seam.db import TransactionMisuse, open_transaction
from seam.sensitive import handling

# Methods so named change nothing.
READS = ("get_", "list_", "search_")

P = TypeVar("P")

_bound: dict[type, Any] = {}


class Unbound(LookupError):
    """Nobody was bound to a contract in this process."""


def use(contract: type[P]) -> P:
    """Whoever keeps `contract`. Raises Unbound when the composition root bound nobody."""
    try:
        return cast(P, _bound[contract])
    except KeyError:
        raise Unbound(
            f"Nobody keeps {contract.__qualname__} in this process; see monolith/wiring.py."
        ) from None


def bind(contract: Contract, keeper: Any) -> None:
    """Make `keeper` (made by `local`, `wire` …) the answer of `use`."""
    _bound[contract.protocol] = keeper


def local(contract: Contract, service: ModuleType) -> Any:
    """The plain call: each method of the contract is the function of that name in `service`."""
    return face(contract, lambda method: _guarded(contract.name, _discreet(method, keeping(method, service))))


def face(contract: Contract, caller_of: Callable[[Method], Callable[..., Any]]) -> Any:
    """An object with one callable per method of the contract."""
    callers = {name: staticmethod(caller_of(method)) for name, method in contract.methods.items()}
    return type(f"Bound{contract.protocol.__name__}", (), callers)()


def keeping(method: Method, service: ModuleType) -> Callable[..., Any]:
    """The function of `service` that keeps `method`.

    Raises InvalidContract where it does not: types are mypy's business, a default that differs nobody's else.
    """
    function = getattr(service, method.name, None)
    where = f"{service.__name__}.{method.name}"
    if function is None:
        raise InvalidContract(f"{where} is missing: the contract promises it.")
    found = {p.name: p.default for p in inspect.signature(function).parameters.values()}
    promised = {f.name: f.default() if f.default else inspect.Parameter.empty for f in method.parameters}
    if found != promised:
        raise InvalidContract(f"{where} takes {found}; the contract promises {promised}.")
    return cast(Callable[..., Any], function)


def refuse_inside_transaction(context: str) -> None:
    """Raise TransactionMisuse when another context's transaction is open.

    A call may become a network call one day, and none belongs under a row lock.
    """
    open_in = open_transaction()
    if open_in is not None and open_in != context:
        raise TransactionMisuse(
            f"{context!r} was called inside an open transaction of {open_in!r}. Call it before the "
            "transaction begins, or publish an event and let the other side react."
        )


def _discreet(method: Method, function: Callable[..., Any]) -> Callable[..., Any]:
    if not any(sensitive_paths(method.parameters, method.name)):
        return function

    def call(**arguments: Any) -> Any:
        with handling(sensitive_in(method.parameters, arguments)):
            return function(**arguments)

    return call


def _guarded(context: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(**arguments: Any) -> Any:
        if open_transaction() is not None:
            refuse_inside_transaction(context)
        return function(**arguments)

    return call
