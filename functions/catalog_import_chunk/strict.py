"""A TOML table into a dataclass, strictly: unknown names and wrong types are told with their place."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar

from functions.catalog_import_chunk.records import ImportProblem
from functions.catalog_import_chunk.suggest import did_you_mean
from functions.catalog_import_chunk.values import Expression
from functions.catalog_import_chunk.words import gettext as _
from functions.catalog_import_chunk.words import ngettext

T = TypeVar("T")


def build(cls: type[T], table: Any, where: str = "") -> T:
    """Raises ImportProblem, a sentence that begins with the place, e.g. `attributes[2].type`."""
    if not isinstance(table, dict):
        raise _wrong(where, _("a table"), table)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in table.keys() - fields.keys():
        raise _unknown(_join(where, name), name, list(fields))
    missing = [f.name for f in fields.values() if _required(f) and f.name not in table]
    if missing:
        raise ImportProblem(
            ngettext(
                "The mapping needs %(names)s, which is not there.",
                "The mapping needs %(names)s, which are not there.",
                len(missing),
            )
            % {"names": ", ".join(_join(where, name) for name in missing)}
        )
    hints = typing.get_type_hints(cls)
    return cls(**{name: _value(hints[name], value, _join(where, name)) for name, value in table.items()})


def _required(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _value(next(arg for arg in typing.get_args(hint) if arg is not types.NoneType), value, where)
    if origin is typing.Literal:
        return _choice(typing.get_args(hint), value, where)
    if origin is list:
        return _list(typing.get_args(hint)[0], value, where)
    if origin is dict:
        return _dict(typing.get_args(hint)[1], value, where)
    if hint is Expression:
        return _expression(value, where)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value, where)
    if type(value) is not hint:
        raise _wrong(
            where, {str: _("a text"), bool: _("true or false"), int: _("a whole number")}[hint], value
        )
    return value


def _choice(choices: tuple[str, ...], value: Any, where: str) -> str:
    if value not in choices:
        raise _wrong(where, _("one of %(choices)s") % {"choices": ", ".join(choices)}, value)
    return str(value)


def _list(hint: Any, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        double = (
            _("a list; write [[%(where)s]]") % {"where": where} if isinstance(value, dict) else _("a list")
        )
        raise _wrong(where, double, value)
    return [_value(hint, one, f"{where}[{number}]") for number, one in enumerate(value, 1)]


def _dict(hint: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, _("a table"), value)
    return {name: _value(hint, one, _join(where, name)) for name, one in value.items()}


def _expression(value: Any, where: str) -> Expression:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise _wrong(where, _("a column or a path, or a list of them"), value)
    try:
        return Expression.parse(value)
    except ValueError as error:
        raise ImportProblem(f"{where}: {error}") from error


def _wrong(where: str, expected: str, value: Any) -> ImportProblem:
    return ImportProblem(
        _("%(where)s in the mapping must be %(expected)s, not %(value)s.")
        % {"where": where, "expected": expected, "value": repr(value)[:80]}
    )


def _unknown(where: str, name: str, known: list[str]) -> ImportProblem:
    return ImportProblem(
        _("The mapping knows no “%(where)s”.%(hint)s Known here: %(known)s.")
        % {"where": where, "hint": did_you_mean(name, known), "known": ", ".join(known)}
    )
