"""Values to what protobuf's message classes take, and back; every value is checked both ways."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto
from google.protobuf.message import DecodeError, Message

from seam.contract import Field, fields_of, is_enum, optional_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Step = Callable[[Any], Any]
Steps = tuple[Step, Step]  # how a value is written, how it is read


class InvalidMessage(ValueError):
    """A value that can't be sent, or something received that can't be read; says which field and why."""


class Codec:
    """One message: values by field name to bytes or JSON values and back.

    A tolerant reader: unknown fields are skipped, missing ones take their default. Raises InvalidMessage.
    """

    def __init__(self, fields: tuple[Field, ...], message: type[Message]) -> None:
        self._message = message
        self._write, self._read = _fields_steps(fields, {})

    def encode(self, values: Mapping[str, Any]) -> bytes:
        return self._message(**self._write(values)).SerializeToString()

    def decode(self, data: bytes) -> dict[str, Any]:
        return self._read(self._parsed(lambda message: message.ParseFromString(data)))

    def to_json(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Protobuf's own JSON mapping, with the names of the fields as the contract has them."""
        return json_format.MessageToDict(
            self._message(**self._write(values)), preserving_proto_field_name=True
        )

    def from_json(self, data: dict[str, Any]) -> dict[str, Any]:
        return self._read(
            self._parsed(lambda message: json_format.ParseDict(data, message, ignore_unknown_fields=True))
        )

    def _parsed(self, parse: Callable[[Message], Any]) -> Message:
        message = self._message()
        try:
            parse(message)
        except (DecodeError, json_format.ParseError) as error:
            raise InvalidMessage(f"This is no {message.DESCRIPTOR.full_name}: {error}") from None
        return message


def _refuse(reason: str) -> NoReturn:
    raise InvalidMessage(reason)


def _checked(cls: type, write: Step) -> Step:
    def encode(value: Any) -> Any:
        # bool is an int to Python; to everybody else it is not.
        if not isinstance(value, cls) or (isinstance(value, bool) and cls is not bool):
            _refuse(f"must be {cls.__name__}, not {type(value).__name__}")
        return write(value)

    return encode


def _parsed_by(parse: Step, what: str) -> Step:
    def decode(text: str) -> Any:
        try:
            return parse(text)
        except (ValueError, ArithmeticError):
            _refuse(f"{text!r} is no {what}" if text else "is missing")

    return decode


def _encodable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse("holds half a character (a lone surrogate), which no encoding can carry")
    return str(value)


_text = _checked(str, _encodable)


def _int64(value: int) -> int:
    return value if -(2**63) <= value < 2**63 else _refuse(f"{value} does not fit into 64 bits")


def _finite(value: Decimal) -> str:
    return str(value) if value.is_finite() else _refuse(f"{value} is no number to count with")


def _read_decimal(text: str) -> Decimal:
    value = Decimal(text)
    _finite(value)
    return value


def _timestamp(value: datetime) -> dict[str, int]:
    if value.utcoffset() is None:
        _refuse("must be an aware datetime: say which time zone it is in")
    passed = value - EPOCH
    return {"seconds": passed.days * 86_400 + passed.seconds, "nanos": passed.microseconds * 1000}


def _read_timestamp(value: Any) -> datetime:
    try:
        return EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
    except OverflowError:
        _refuse(f"{value.seconds} seconds is outside the years 1 to 9999")


def _same(value: Any) -> Any:
    return value


SCALARS: dict[Any, Proto.Type.ValueType] = {
    str: Proto.TYPE_STRING,
    bool: Proto.TYPE_BOOL,
    int: Proto.TYPE_INT64,
    float: Proto.TYPE_DOUBLE,
    Decimal: Proto.TYPE_STRING,
    UUID: Proto.TYPE_STRING,
}
PLAIN: dict[Any, Steps] = {
    str: (_text, _same),
    bool: (_checked(bool, _same), _same),
    int: (_checked(int, _int64), _same),
    float: (lambda value: float(value) if type(value) is int else _checked(float, _same)(value), _same),
    Decimal: (_checked(Decimal, _finite), _parsed_by(_read_decimal, "decimal number")),
    UUID: (_checked(UUID, str), _parsed_by(UUID, "UUID")),
    datetime: (_checked(datetime, _timestamp), _read_timestamp),
    dict[str, str]: (
        _checked(dict, lambda value: {_text(key): _named(key, _text, item) for key, item in value.items()}),
        dict,
    ),
}


def _steps(hint: Any, known: dict[Any, Steps]) -> Steps:
    """How a value of that type is written and read; `known` ends the recursion of a tree of its own kind."""
    if hint in PLAIN:
        return PLAIN[hint]
    if typing.get_origin(hint) is list:
        write, read = _steps(typing.get_args(hint)[0], known)
        return (
            _checked(list, lambda values: [_named(f"[{n}]", write, v) for n, v in enumerate(values)]),
            lambda values: [read(value) for value in values],
        )
    return _enum_steps(hint) if is_enum(hint) else _class_steps(hint, known)


def _enum_steps(cls: Any) -> Steps:
    members = list(cls)
    numbers = {member: number for number, member in enumerate(members, start=1)}

    def read(number: int) -> Any:
        if 1 <= number <= len(members):
            return members[number - 1]
        return _refuse(f"{number} is a {cls.__name__} this version does not know" if number else "is missing")

    return _checked(cls, numbers.__getitem__), read


def _class_steps(cls: Any, known: dict[Any, Steps]) -> Steps:
    if cls not in known:
        # A tree of its own kind asks for its steps before they are made.
        known[cls] = (lambda value: known[cls][0](value), lambda message: known[cls][1](message))
        write, read = _fields_steps(fields_of(cls), known)
        names = [field.name for field in fields_of(cls)]
        known[cls] = (
            _checked(cls, lambda value: write({name: getattr(value, name) for name in names})),
            lambda message: cls(**read(message)),
        )
    return known[cls]


def _fields_steps(
    fields: tuple[Field, ...], known: dict[Any, Steps]
) -> tuple[Callable[[Mapping[str, Any]], dict[str, Any]], Callable[[Message], dict[str, Any]]]:
    parts = [
        (field, *_steps(optional_of(field.hint) or field.hint, known), _is_told(field)) for field in fields
    ]

    def write_all(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            field.name: _named(field.name, write, values[field.name])
            for field, write, _read, _told in parts
            if field.name in values and (values[field.name] is not None or optional_of(field.hint) is None)
        }

    def read_all(message: Message) -> dict[str, Any]:
        values = {}
        for field, _write, read, told in parts:
            if not told or message.HasField(field.name):
                values[field.name] = _named(field.name, read, getattr(message, field.name))
            else:
                values[field.name] = field.default() if field.default else _refuse(f"{field.name} is missing")
        return values

    return write_all, read_all


def _is_told(field: Field) -> bool:
    """Whether the wire tells a missing value from an empty one."""
    if field.hint == dict[str, str] or typing.get_origin(field.hint) is list:
        return False
    return field.default is not None or not (field.hint in SCALARS or is_enum(field.hint))


def _named(name: str, step: Step, value: Any) -> Any:
    try:
        return step(value)
    except InvalidMessage as error:
        raise InvalidMessage(f"{name}: {error}") from None
