"""Frozen dataclasses to JSON values and back, for rows and envelopes."""

from __future__ import annotations

import dataclasses
import enum
import typing
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from seam.contract import is_enum, optional_of

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """What json.dumps takes: UUID, Decimal and datetime become text, an enum its value."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, list):
        return [to_plain(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


def from_plain(cls: type[T], data: dict[str, Any]) -> T:
    """The dataclass again. A tolerant reader: unknown keys are skipped, missing ones take their default."""
    hints = _hints(cls)
    known = {f.name for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    return cls(**{name: _value(hints[name], data[name]) for name in known & data.keys()})


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, value: Any) -> Any:
    inner = optional_of(hint)
    if inner is not None:
        return None if value is None else _value(inner, value)
    if typing.get_origin(hint) is list:
        return [_value(typing.get_args(hint)[0], v) for v in value]
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint in (UUID, Decimal, float) or is_enum(hint):
        return hint(value)
    if dataclasses.is_dataclass(hint):
        return from_plain(typing.cast(type, hint), value)
    return value
