"""What a contract may be made of: a Protocol of keyword-only methods over frozen dataclasses."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar, Union
from uuid import UUID

T = TypeVar("T")

SCALARS: tuple[type, ...] = (str, int, bool, float, Decimal, UUID, datetime)
EVENT_NAME = re.compile(r"^(?P<context>[a-z]+)\.[a-z][a-z0-9_]*\.v[1-9][0-9]*$")


class ContractError(Exception):
    """An anticipated failure that is part of a contract; arrives as the same class through every binding.

    `code` is stable and starts with the context's name; the message is a sentence for people.
    """

    code: ClassVar[str] = ""


class InvalidContract(TypeError):
    """A contract uses something that can't cross between processes."""


def event(name: str) -> Callable[[type[T]], type[T]]:
    """Declare a frozen dataclass an event, e.g. `catalog.item_published.v1`: past tense, versioned."""
    if not EVENT_NAME.match(name):
        raise InvalidContract(f"{name!r} is no event name; write <context>.<what_happened>.v<number>.")

    def mark(cls: type[T]) -> type[T]:
        cls.event_name = name  # type: ignore[attr-defined]
        return cls

    return mark


def event_name(cls: type) -> str:
    """The name given by @event; raises InvalidContract for a class that is no event."""
    name = cls.__dict__.get("event_name")
    if name is None:
        raise InvalidContract(f"{cls.__qualname__} is not an event: decorate it with @event(...).")
    return str(name)


def context_of(name: str) -> str:
    """`catalog` of `catalog.item_published.v1`."""
    return name.partition(".")[0]


@dataclasses.dataclass(frozen=True)
class Method:
    """One method of a contract: its parameters and result with their resolved types."""

    name: str
    parameters: dict[str, Any]
    defaults: dict[str, Any]
    result: Any

    @property
    def is_read(self) -> bool:
        return self.name.startswith(("get_", "list_", "search_"))


@dataclasses.dataclass(frozen=True)
class Contract:
    """A context's promise, read from its contract module."""

    name: str
    protocol: type
    methods: dict[str, Method]
    errors: dict[str, type[ContractError]]
    events: dict[str, type]


def read_contract(name: str, module: types.ModuleType) -> Contract:
    """Read and check the one Protocol, the errors and the events a contract module declares.

    Raises InvalidContract, naming the place, when anything outside the closed list of types is used.
    """
    own = [v for v in vars(module).values() if inspect.isclass(v) and v.__module__ == module.__name__]
    protocols = [cls for cls in own if getattr(cls, "_is_protocol", False)]
    if len(protocols) != 1:
        raise InvalidContract(f"{module.__name__} must declare exactly one Protocol, found {len(protocols)}.")
    errors = [cls for cls in own if issubclass(cls, ContractError)]
    events = [cls for cls in own if "event_name" in cls.__dict__]
    contract = Contract(
        name=name,
        protocol=protocols[0],
        methods={m.name: m for m in _methods(protocols[0])},
        errors={_code(name, cls): cls for cls in errors},
        events={event_name(cls): cls for cls in events},
    )
    _check(contract)
    return contract


def _code(context: str, cls: type[ContractError]) -> str:
    if context_of(cls.code) != context or "." not in cls.code:
        raise InvalidContract(f"{cls.__qualname__}.code must start with '{context}.', found {cls.code!r}.")
    return cls.code


def _methods(protocol: type) -> Iterator[Method]:
    for name, function in vars(protocol).items():
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        signature = inspect.signature(function)
        hints = typing.get_type_hints(function)
        parameters = [p for p in signature.parameters.values() if p.name != "self"]
        for parameter in parameters:
            if parameter.kind is not parameter.KEYWORD_ONLY:
                raise InvalidContract(f"{protocol.__qualname__}.{name}: {parameter.name} must be keyword-only.")
            if parameter.name not in hints:
                raise InvalidContract(f"{protocol.__qualname__}.{name}: {parameter.name} needs a type.")
        if "return" not in hints:
            raise InvalidContract(f"{protocol.__qualname__}.{name} needs a return type (None if nothing).")
        yield Method(
            name=name,
            parameters={p.name: hints[p.name] for p in parameters},
            defaults={p.name: p.default for p in parameters if p.default is not p.empty},
            result=hints["return"],
        )


def _check(contract: Contract) -> None:
    for method in contract.methods.values():
        where = f"{contract.protocol.__qualname__}.{method.name}"
        for name, hint in method.parameters.items():
            check_type(hint, f"{where}({name})")
        if method.result is not type(None):
            check_type(method.result, f"{where} -> ")
    for name, cls in contract.events.items():
        if context_of(name) != contract.name:
            raise InvalidContract(f"Event {name} is declared by {contract.name}.")
        check_type(cls, name)


def check_type(hint: Any, where: str, inside_list: bool = False) -> None:
    """Raise InvalidContract unless `hint` is on the closed list of types that may cross."""
    if hint in SCALARS or is_enum(hint):
        return
    if dataclasses.is_dataclass(hint):
        _check_dataclass(typing.cast(type, hint), where)
        return
    inner = optional_of(hint)
    if inner is not None and not inside_list:
        check_type(inner, where, inside_list=True)
        return
    if typing.get_origin(hint) is list and not inside_list:
        check_type(typing.get_args(hint)[0], f"{where}[]", inside_list=True)
        return
    if hint == dict[str, str] and not inside_list:
        return
    raise InvalidContract(
        f"{where}: {hint!r} can't cross between contexts. Allowed: str, int, bool, float, Decimal, UUID, "
        "aware datetime, enum, frozen dataclass, and of these list[…] or … | None; and dict[str, str]."
    )


def _check_dataclass(cls: type, where: str) -> None:
    if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise InvalidContract(f"{where}: {cls.__qualname__} must be a frozen dataclass.")
    for name, hint in typing.get_type_hints(cls).items():
        if name == "event_name" or typing.get_origin(hint) is ClassVar:
            continue
        if hint is cls or optional_of(hint) is cls or hint == list[cls]:  # type: ignore[valid-type]
            continue
        check_type(hint, f"{where}.{cls.__qualname__}.{name}")


def is_enum(hint: Any) -> bool:
    return inspect.isclass(hint) and issubclass(hint, enum.Enum)


def optional_of(hint: Any) -> Any | None:
    """`X` of `X | None`; None for anything else."""
    if typing.get_origin(hint) not in (Union, types.UnionType):
        return None
    inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    return inner[0] if len(inner) == 1 and len(typing.get_args(hint)) == 2 else None
