"""What a contract may be made of: a Protocol of keyword-only methods over frozen dataclasses."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar, Union
from uuid import UUID

from seam.sensitive import is_sensitive

T = TypeVar("T")

SCALARS: tuple[type, ...] = (str, int, bool, float, Decimal, UUID, datetime)
EVENT_NAME = re.compile(r"^(?P<context>[a-z]+)\.[a-z][a-z0-9_]*\.v[1-9][0-9]*$")


class ContractError(Exception):
    """An anticipated failure that is part of a contract; arrives as the same class through every binding.

    `code` is stable and starts with the context's name; the message is a sentence for people; `fields` say
    more to a program, e.g. which value was refused.
    """

    code: ClassVar[str] = ""

    def __init__(self, message: str = "", /, **fields: str) -> None:
        super().__init__(message)
        self.fields = fields


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
class Field:
    """A parameter of a method or a field of a dataclass, with its resolved type.

    `default` makes the value of one that was left out; None where it may not be. `is_sensitive`: no log and no event
    may tell it.
    """

    name: str
    hint: Any
    default: Callable[[], Any] | None = None
    is_sensitive: bool = False


@dataclasses.dataclass(frozen=True)
class Method:
    """One method of a contract; `result` is NoneType when it answers nothing."""

    name: str
    parameters: tuple[Field, ...]
    result: Any


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
    return Contract(
        name=name,
        protocol=protocols[0],
        methods={m.name: m for m in _methods(protocols[0])},
        errors=_unique((_code(name, cls), cls) for cls in errors),
        events=_unique((_event(name, cls), cls) for cls in events),
    )


def _unique(named: Iterable[tuple[str, type]]) -> dict[str, Any]:
    found: dict[str, type] = {}
    for name, cls in named:
        if name in found:
            raise InvalidContract(
                f"{cls.__qualname__} and {found[name].__qualname__} are both called {name!r}."
            )
        found[name] = cls
    return found


def _code(context: str, cls: type[ContractError]) -> str:
    if context_of(cls.code) != context or "." not in cls.code:
        raise InvalidContract(f"{cls.__qualname__}.code must start with '{context}.', found {cls.code!r}.")
    if cls.__init__ is not ContractError.__init__:
        raise InvalidContract(
            f"{cls.__qualname__} has an __init__ of its own, so no other process could make one: raise it with "
            "a message and, by keyword, fields that are str."
        )
    return cls.code


def _event(context: str, cls: type) -> str:
    name = event_name(cls)
    if context_of(name) != context:
        raise InvalidContract(
            f"{context!r} declares the event {name!r}, which only {context_of(name)!r} may say."
        )
    check_type(cls, name)
    for path in sensitive_paths(fields_of(cls), name):
        raise InvalidContract(f"{path} is sensitive, and an event is told to whoever wants to hear it.")
    return name


def sensitive_paths(
    fields: Iterable[Field], where: str, seen: frozenset[type] = frozenset()
) -> Iterator[str]:
    """Where among these fields, and the dataclasses among them, something is marked as sensitive."""
    for field in fields:
        inner, path = inner_of(field.hint), f"{where}.{field.name}"
        if field.is_sensitive:
            yield path
        elif dataclasses.is_dataclass(inner) and inner not in seen:
            kind = typing.cast(type, inner)
            yield from sensitive_paths(fields_of(kind), path, seen | {kind})


def _methods(protocol: type) -> Iterator[Method]:
    for name, function in vars(protocol).items():
        if not name.startswith("_") and inspect.isfunction(function):
            yield _method(f"{protocol.__qualname__}.{name}", function)


def _method(where: str, function: types.FunctionType) -> Method:
    hints, marked = typing.get_type_hints(function), typing.get_type_hints(function, include_extras=True)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    for parameter in parameters:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise InvalidContract(f"{where}: {parameter.name} must be keyword-only.")
        if parameter.name not in hints:
            raise InvalidContract(f"{where}: {parameter.name} needs a type.")
        check_type(hints[parameter.name], f"{where}({parameter.name})")
    if "return" not in hints:
        raise InvalidContract(f"{where} needs a return type (None if nothing).")
    if hints["return"] is not type(None):
        check_type(hints["return"], f"{where} -> ")
    return Method(
        name=function.__name__,
        parameters=tuple(
            _parameter(where, p, hints[p.name], is_sensitive(marked[p.name])) for p in parameters
        ),
        result=hints["return"],
    )


def _parameter(where: str, parameter: inspect.Parameter, hint: Any, marked: bool) -> Field:
    default = parameter.default
    make = None if default is parameter.empty else lambda: default
    return _field(where, parameter.name, hint, make, marked)


def check_type(hint: Any, where: str) -> None:
    """Raise InvalidContract unless `hint` is on the closed list of types that may cross."""
    if hint == dict[str, str] or _is_single(inner_of(hint), where):
        return
    raise InvalidContract(
        f"{where}: {hint!r} can't cross between contexts. Allowed: str, int, bool, float, Decimal, UUID, "
        "aware datetime, enum of str values, frozen dataclass, and of these list[…] or … | None; and dict[str, str]."
    )


def inner_of(hint: Any) -> Any:
    """`X` of `X`, `list[X]` and `X | None`."""
    inner = typing.get_args(hint)[0] if typing.get_origin(hint) is list else optional_of(hint)
    return hint if inner is None else inner


def _is_single(hint: Any, where: str) -> bool:
    if dataclasses.is_dataclass(hint):
        fields_of(typing.cast(type, hint), where)
        return True
    return hint in SCALARS or is_enum(hint)


_fields: dict[type, tuple[Field, ...]] = {}


def fields_of(cls: type, where: str = "") -> tuple[Field, ...]:
    """The fields of a frozen dataclass in order of declaration, checked once.

    Raises InvalidContract, beginning with `where`, for what can't cross.
    """
    if cls in _fields:
        return _fields[cls]
    where = f"{where}.{cls.__qualname__}" if where else cls.__qualname__
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise InvalidContract(f"{where} must be a frozen dataclass.")
    hints, marked = typing.get_type_hints(cls), typing.get_type_hints(cls, include_extras=True)
    own = dataclasses.fields(cls)
    if any(not f.init for f in own):
        raise InvalidContract(f"{where}: a field with init=False can't be set by whoever receives it.")
    for f in own:
        if f.repr and is_sensitive(marked[f.name]):
            raise InvalidContract(
                f"{where}: {f.name} is sensitive and would show wherever one is printed; declare it with "
                "field(repr=False)."
            )
    _fields[cls] = tuple(
        _field(where, f.name, hints[f.name], _default(f), is_sensitive(marked[f.name])) for f in own
    )
    try:
        for field in _fields[cls]:  # after it was noted, so that a tree of its own kind comes to an end
            check_type(field.hint, f"{where}.{field.name}")
    except InvalidContract:
        del _fields[cls]
        raise
    return _fields[cls]


def _default(field: dataclasses.Field) -> Callable[[], Any] | None:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    return None if field.default is dataclasses.MISSING else lambda: field.default


def _field(where: str, name: str, hint: Any, default: Callable[[], Any] | None, marked: bool) -> Field:
    if optional_of(hint) is None:
        return Field(name, hint, default, marked)
    if default is not None and default() is not None:
        # On the wire None is "not there", and what is not there takes the default.
        raise InvalidContract(f"{where}: {name} may be None, so its default can only be None.")
    return Field(name, hint, lambda: None, marked)


def sensitive_in(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[str]:
    """The sensitive ones of these values, and of the dataclasses among them, as text."""
    for field in fields:
        value = values.get(field.name)
        for each in value if isinstance(value, list) else [value]:
            if field.is_sensitive and each is not None:
                yield str(each)
            elif dataclasses.is_dataclass(each):
                yield from sensitive_in(fields_of(type(each)), vars(each))


def is_enum(hint: Any) -> bool:
    """Whether it is an enum whose values are text, so that rows and envelopes can hold them."""
    return (
        inspect.isclass(hint) and issubclass(hint, enum.Enum) and all(isinstance(m.value, str) for m in hint)
    )


def optional_of(hint: Any) -> Any | None:
    """`X` of `X | None`; None for anything else."""
    if typing.get_origin(hint) not in (Union, types.UnionType):
        return None
    inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    return inner[0] if len(inner) == 1 and len(typing.get_args(hint)) == 2 else None
