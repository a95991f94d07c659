"""PUBLIC: what JSON can say, in XML and back, exactly.

    <data type="object">
      <title>Dunes</title>
      <price type="null"/>
      <pictures type="array"><item>…</item></pictures>
      <entry key="an odd key" type="integer">7</entry>
    </data>

`type` is object, array, integer, number, boolean or null; without it an element is text, or an object where it has
elements in it. A key that can't be the name of an element stands in `key`. Nothing but text keeps its white space, and
no element is laid out with any.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext as _

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DEPTH = 32
PROBLEM = "urn:ietf:rfc:7807"  # of application/problem+xml, RFC 9457, appendix B
NAME = re.compile(r"(?!xml)[a-z_][\w.-]*", re.IGNORECASE | re.ASCII)
# XML 1.0 has no way to write these, not even as &#1;.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SPACE = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,999})")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Unwritable(ValueError):
    """The data holds what XML can't say; the message says what."""


class Unreadable(ValueError):
    """The text is no XML of ours; the message says what to change."""


def write(data: Any, *, root: str = "data", namespace: str = "", plain: Callable[[Any], Any] = str) -> str:
    """`data` as an XML document. `plain` makes of what JSON does not have what it has.

    Raises Unwritable for control characters, halves of surrogate pairs, numbers that are none, more than DEPTH levels.
    """
    of = {"xmlns": namespace} if namespace else {}
    item = "i" if namespace == PROBLEM else "item"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{"".join(_element(root, of, data, item, plain, 1))}'


def _element(
    name: str, attributes: Mapping[str, str], value: Any, item: str, plain: Callable[[Any], Any], depth: int
) -> Iterable[str]:
    if depth > DEPTH:
        raise Unwritable(_("This is nested deeper than %(most)d levels.") % {"most": DEPTH})
    kind, text, children = _parts(value, item, plain)
    said = {**attributes, **({"type": kind} if kind else {})}
    opening = name + "".join(
        f' {key}="{_text(each, SPACE | {chr(34): "&quot;"})}"' for key, each in said.items()
    )
    if not text and not children:
        yield f"<{opening}/>"
        return
    yield f"<{opening}>{text}"
    for tag, own, child in children:
        yield from _element(tag, own, child, item, plain, depth + 1)
    yield f"</{name}>"


def _parts(
    value: Any, item: str, plain: Callable[[Any], Any]
) -> tuple[str, str, list[tuple[str, dict[str, str], Any]]]:
    """The type of a value, its text, and its children as name, attributes and value."""
    if value is None:
        return "null", "", []
    if isinstance(value, str):
        return "", _text(value, {"\r": "&#13;"}), []
    if isinstance(value, bool):
        return "boolean", json.dumps(value), []
    if isinstance(value, int):
        return "integer", str(value), []
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unwritable(_("%(value)s is not a number.") % {"value": value})
        return "number", repr(value), []
    if isinstance(value, Mapping):
        return "object", "", [(*_named(key), child) for key, child in value.items()]
    if isinstance(value, list | tuple):
        return "array", "", [(item, {}, child) for child in value]
    return _parts(plain(value), item, plain)


def _named(key: Any) -> tuple[str, dict[str, str]]:
    key = key if isinstance(key, str) else json.dumps(key)
    return (key, {}) if NAME.fullmatch(key) else ("entry", {"key": key})


def _text(text: str, entities: dict[str, str]) -> str:
    if found := UNWRITABLE.search(text):
        raise Unwritable(
            _("XML can't say the character U+%(code)04X. Ask for JSON.") % {"code": ord(found[0])}
        )
    return escape(text, entities)


def read(document: bytes) -> Json:
    """What `write` wrote, or somebody by the same rules, in UTF-8. Raises Unreadable.

    No document type, entity, processing instruction or namespace (but that of a problem) is let in, and no more than
    DEPTH levels. How long a document may be is for the caller to say.
    """
    reader = _Reader()
    parser = DefusedXMLParser(target=reader, encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(document)
        parser.close()
    except DefusedXmlException:
        raise Unreadable(_("Document types and entities are not allowed. Send plain elements.")) from None
    except ParseError as error:
        raise Unreadable(_("This is not XML that can be read: %(error)s.") % {"error": error}) from None
    return reader.value


@dataclass
class _Open:
    """An element whose end has not come yet."""

    key: str
    kind: str | None
    text: list[str] = field(default_factory=list)
    children: list[tuple[str, Json]] = field(default_factory=list)


class _Reader:
    """What the parser calls as elements begin and end."""

    def __init__(self) -> None:
        self.value: Json = None
        self._open: list[_Open] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) == DEPTH:
            raise Unreadable(_("This is nested deeper than %(most)d levels.") % {"most": DEPTH})
        tag = tag.removeprefix(f"{{{PROBLEM}}}")
        if tag[0] == "{" or set(attributes) - {"type", "key"}:
            raise Unreadable(
                _("<%(name)s> has a namespace or an attribute that is not `type` or `key`. Leave it out.")
                % {"name": tag.rpartition("}")[2]}
            )
        kind = attributes.get("type")
        if kind not in READ:
            raise Unreadable(
                _("<%(name)s> has the type “%(kind)s”; types are %(types)s.")
                % {"name": tag, "kind": kind, "types": ", ".join(name for name in READ if name)}
            )
        self._open.append(_Open(attributes.get("key", tag), kind))

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def pi(self, target: str, text: str | None = None) -> None:
        raise Unreadable(_("Processing instructions are not allowed. Send plain elements."))

    def end(self, tag: str) -> None:
        done = self._open.pop()
        value = _value(done)
        if self._open:
            self._open[-1].children.append((done.key, value))
        else:
            self.value = value

    def close(self) -> None:
        pass


def _value(element: _Open) -> Json:
    text = "".join(element.text)
    kind = element.kind or ("object" if element.children else "string")
    holds_elements = kind in ("object", "array")
    if (element.children and not holds_elements) or (holds_elements and text.strip()):
        raise Unreadable(
            _("<%(name)s> mixes text and elements, or holds what its type can't.") % {"name": element.key}
        )
    try:
        return READ[kind](element.children if holds_elements else text)
    except ValueError as error:
        raise Unreadable(
            _("<%(name)s> is no %(kind)s: %(error)s") % {"name": element.key, "kind": kind, "error": error}
        ) from None


def _object(children: list[tuple[str, Json]]) -> Json:
    found: dict[str, Json] = {}
    for key, value in children:
        if key in found:
            raise ValueError(_("“%(key)s” stands in it twice.") % {"key": key})
        found[key] = value
    return found


def _array(children: list[tuple[str, Json]]) -> Json:
    return [value for _name, value in children]


def _exactly(pattern: re.Pattern[str], make: Callable[[str], Json]) -> Callable[[str], Json]:
    def read_one(text: str) -> Json:
        if not pattern.fullmatch(text):
            raise ValueError(_("“%(text)s” is not written like one.") % {"text": text[:100]})
        return make(text)

    return read_one


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(_("“%(text)s” is too large.") % {"text": text[:100]})
    return value


READ: dict[str | None, Callable[[Any], Json]] = {
    None: str,
    "string": str,
    "object": _object,
    "array": _array,
    "integer": _exactly(INTEGER, int),
    "number": _exactly(NUMBER, _number),
    "boolean": _exactly(re.compile("true|false"), "true".__eq__),
    "null": _exactly(re.compile(""), lambda _text: None),
}
