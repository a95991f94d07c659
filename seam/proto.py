"""A contract as a .proto file that protoc takes, and what would break those who hold an older one."""

from __future__ import annotations

import enum
import inspect
import re
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from seam.contract import Contract, ContractError, Method, optional_of
from seam.messages import Messages

SCALAR_NAMES = {
    Proto.TYPE_STRING: "string",
    Proto.TYPE_BOOL: "bool",
    Proto.TYPE_INT64: "int64",
    Proto.TYPE_DOUBLE: "double",
}
ADVICE = (
    "Whoever holds the older file would misread this. Fields are numbered in order of declaration: add new ones at the "
    "end and with a default. For anything else add a new method, or a new version of the event, beside the old one."
)
ERROR_DOC = (
    "How a call ended that raised one of these errors; `fields` say more to a program. It stands in the details of\n"
    "the status FAILED_PRECONDITION (google.rpc.Status in the trailing metadata grpc-status-details-bin):"
)

_FIELD = re.compile(r"(?P<type>[\w .<>,]*?) ?(?P<name>\w+) = (?P<number>\d+);")
_BLOCK = re.compile(r"(?P<kind>message|enum|service) (?P<name>\w+) \{")


def render(contract: Contract) -> str:
    """The .proto file of a contract; the same contract always gives the same text."""
    return "\n".join(_lines(contract, Messages(contract))) + "\n"


def _lines(contract: Contract, messages: Messages) -> Iterator[str]:
    yield f"// What {contract.name} promises to others. Made from {contract.protocol.__module__} by"
    yield "// `manage.py contracts`: change it there."
    yield 'syntax = "proto3";'
    yield ""
    yield f"package {messages.package};"
    yield ""
    for imported in messages.file.dependency:
        yield f'import "{imported}";'
        yield ""
    yield from _service(contract, messages.file.service[0])
    for message in messages.file.message_type:
        yield ""
        yield from _message(message, messages)
    for described in messages.file.enum_type:
        yield ""
        yield from _comment(_doc(messages.sources[described.name]))
        yield f"enum {described.name} {{"
        yield from (f"  {value.name} = {value.number};" for value in described.value)
        yield "}"


def _service(contract: Contract, service: descriptor_pb2.ServiceDescriptorProto) -> Iterator[str]:
    yield from _comment(_doc(contract.protocol))
    yield f"service {service.name} {{"
    for method, described in zip(contract.methods, service.method, strict=True):
        yield from _comment(_doc(getattr(contract.protocol, method)), "  ")
        request, response = described.input_type.split(".")[-1], described.output_type.split(".")[-1]
        yield f"  rpc {described.name}({request}) returns ({response});"
    yield "}"


def _message(message: descriptor_pb2.DescriptorProto, messages: Messages) -> Iterator[str]:
    yield from _comment(_message_doc(messages.sources[message.name], messages.contract))
    if not message.field:
        yield f"message {message.name} {{}}"
        return
    yield f"message {message.name} {{"
    maps = {nested.name for nested in message.nested_type}
    for field, described in zip(messages.fields[message.name], message.field, strict=True):
        yield f"  {_type(described, maps)} {field.name} = {described.number};{_meant(field.hint)}"
    yield "}"


def _meant(hint: Any) -> str:
    """What a string holds that is more than a string."""
    hint = optional_of(hint) or hint
    single = typing.get_args(hint)[0] if typing.get_origin(hint) is list else hint
    return {UUID: "  // UUID", Decimal: "  // decimal number"}.get(single, "")


def _message_doc(source: Any, contract: Contract) -> str:
    if source is ContractError:
        return "\n".join(
            [ERROR_DOC, *(f"- {code}: {_doc(cls)}".rstrip(": ") for code, cls in contract.errors.items())]
        )
    if isinstance(source, Method):
        return ""
    said = next((f"Event {name}. " for name, cls in contract.events.items() if cls is source), "")
    return f"{said}{_doc(source)}".strip()


def _type(field: Proto, maps: set[str]) -> str:
    name = SCALAR_NAMES.get(field.type) or field.type_name.split(".")[-1]
    if name in maps:
        return "map<string, string>"
    if name == "Timestamp":
        name = "google.protobuf.Timestamp"
    if field.label == Proto.LABEL_REPEATED:
        return f"repeated {name}"
    return f"optional {name}" if field.proto3_optional else name


def _doc(thing: Any) -> str:
    """The docstring somebody wrote, not the one that dataclass, Enum or a base class made."""
    doc = thing.__doc__ or ""
    inherited = {None, "", getattr(enum.Enum, "__doc__", None), ContractError.__doc__}
    if doc in inherited or (inspect.isclass(thing) and doc.startswith(f"{thing.__name__}(")):
        return ""
    return inspect.cleandoc(doc)


def _comment(text: str, indent: str = "") -> Iterator[str]:
    return (f"{indent}// {line}".rstrip() for line in text.splitlines())


def incompatibilities(old: str, new: str) -> list[str]:
    """What whoever was built from the file `old` would misread if `new` took its place, a sentence each."""
    before, after = _declarations(old), _declarations(new)
    found = [complaint for name in before if (complaint := _changed(name, before[name], after.get(name)))]
    messages = {name for name in before if name.startswith("message ") and "." not in name}
    added = (name for name in after if name not in before and name.partition(".")[0] in messages)
    return found + [
        f"{name} was added without a default: whoever holds the older file doesn't send it."
        for name in added
        if not after[name].startswith(("optional ", "repeated ", "map<"))
    ]


def _changed(name: str, before: str, after: str | None) -> str | None:
    if after is None:
        return f"{name} was removed."
    (old_type, _, old_number), (new_type, _, new_number) = before.partition(" = "), after.partition(" = ")
    if old_number != new_number:
        return f"{name} was moved from {old_number} to {new_number}."
    return f"{name} was {old_type} and is {new_type} now." if old_type != new_type else None


def _declarations(text: str) -> dict[str, str]:
    """`message Item.slug`: `string = 2`, and so on for all that a file declares; events by their names."""
    found: dict[str, str] = {}
    block = event = ""
    for line in map(str.strip, text.splitlines()):
        if said := re.match(r"// Event (\S+)\.(\s|$)", line):
            event = said[1]
        elif opened := _BLOCK.match(line):
            block = f"{opened['kind']} {opened['name']}"
            found[block] = ""
            if event:
                found[f"event {event}"] = opened["name"]
            event = ""
        elif rpc := re.match(r"rpc (\w+)(\(.*\));", line):
            found[f"{block}.{rpc[1]}"] = rpc[2]
        elif field := _FIELD.match(line):
            found[f"{block}.{field['name']}"] = f"{field['type']} = {field['number']}"
    return found
