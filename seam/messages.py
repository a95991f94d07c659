"""Protobuf messages derived from a contract: descriptors built at start, values checked both ways."""

from __future__ import annotations

import enum
import typing
from datetime import datetime
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto
from google.protobuf.message import Message

from seam.codec import SCALARS, Codec, InvalidMessage
from seam.contract import (
    Contract,
    ContractError,
    Field,
    InvalidContract,
    Method,
    fields_of,
    is_enum,
    optional_of,
)

PACKAGE = "offshoot"
TIMESTAMP = f".{timestamp_pb2.Timestamp.DESCRIPTOR.full_name}"
# What says how a thing went wrong: the answer of a call that raised a declared error.
ERROR = (Field("code", str), Field("message", str), Field("fields", dict[str, str]))


class Messages:
    """The messages of one contract: what is asked and answered by method, events by name, errors.

    `file` describes them to the protobuf runtime; `sources` and `fields` say what each message was made of.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.package = f"{PACKAGE}.{contract.name}.v1"
        self.service = f"{self.package}.{contract.protocol.__name__}"
        self.file = descriptor_pb2.FileDescriptorProto(
            name=f"{contract.name}.v1.proto", package=self.package, syntax="proto3"
        )
        self.sources: dict[str, Any] = {}
        self.fields: dict[str, tuple[Field, ...]] = {}
        self._describe()
        classes = self._build()
        codecs = {
            name: Codec(fields, classes[f"{self.package}.{name}"]) for name, fields in self.fields.items()
        }
        self.request = {method: codecs[f"{camel(method)}Request"] for method in contract.methods}
        self.response = {method: codecs[f"{camel(method)}Response"] for method in contract.methods}
        self.event = {name: codecs[cls.__name__] for name, cls in contract.events.items()}
        self.error = codecs["Error"]

    def encode_error(self, error: ContractError) -> bytes:
        return self.error.encode({"code": error.code, "message": str(error), "fields": error.fields})

    def decode_error(self, data: bytes) -> ContractError:
        """The declared error these bytes tell of. Raises InvalidMessage for a code nobody declared."""
        values = self.error.decode(data)
        cls = self.contract.errors.get(values["code"])
        if cls is None:
            raise InvalidMessage(f"{values['code']!r} is no declared error of {self.contract.name}")
        return cls(values["message"], **values["fields"])

    def _describe(self) -> None:
        service = self.file.service.add(name=self.contract.protocol.__name__)
        for method in self.contract.methods.values():
            name = camel(method.name)
            self._add_message(f"{name}Request", method.parameters, method)
            self._add_message(f"{name}Response", result_fields(method), method)
            service.method.add(
                name=name,
                input_type=f".{self.package}.{name}Request",
                output_type=f".{self.package}.{name}Response",
            )
        for cls in self.contract.events.values():
            self._add_class(cls)
        self._add_message("Error", ERROR, ContractError)

    def _build(self) -> dict[str, type[Message]]:
        pool = descriptor_pool.DescriptorPool()
        pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
        try:
            pool.AddSerializedFile(self.file.SerializeToString())
        except TypeError as error:
            raise InvalidContract(
                f"{self.contract.name}: its messages do not fit together. {error}"
            ) from None
        return message_factory.GetMessageClassesForFiles([self.file.name], pool)

    def _add_class(self, cls: type) -> None:
        """Describe a dataclass or an enum, unless it already is."""
        if self.sources.get(cls.__name__) is cls:
            return
        if not is_enum(cls):
            self._add_message(cls.__name__, fields_of(cls), cls)
            return
        self._claim_name(cls.__name__, cls)
        described = self.file.enum_type.add(name=cls.__name__)
        for number, name in enumerate(enum_names(cls)):
            described.value.add(name=name, number=number)

    def _claim_name(self, name: str, source: Any) -> None:
        if name in self.sources:
            raise InvalidContract(
                f"{self.contract.name}: two messages would be called {name}; rename the class."
            )
        self.sources[name] = source

    def _add_message(self, name: str, fields: tuple[Field, ...], source: Any) -> None:
        self._claim_name(name, source)
        self.fields[name] = fields
        message = self.file.message_type.add(name=name)
        for number, field in enumerate(fields, start=1):
            described = message.field.add(name=field.name, number=number, label=Proto.LABEL_OPTIONAL)
            hint = optional_of(field.hint) or field.hint
            if hint == dict[str, str]:
                described.label = Proto.LABEL_REPEATED
                described.type, described.type_name = Proto.TYPE_MESSAGE, self._map_entry(message, field.name)
                continue
            if typing.get_origin(hint) is list:
                described.label = Proto.LABEL_REPEATED
                hint = typing.get_args(hint)[0]
            elif field.default is not None:
                described.proto3_optional = True
                described.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field.name}")
            self._set_type(described, hint)

    def _map_entry(self, message: descriptor_pb2.DescriptorProto, name: str) -> str:
        entry = message.nested_type.add(name=f"{camel(name)}Entry")
        entry.options.map_entry = True
        for number, part in enumerate(("key", "value"), start=1):
            entry.field.add(name=part, number=number, label=Proto.LABEL_OPTIONAL, type=Proto.TYPE_STRING)
        return f".{self.package}.{message.name}.{entry.name}"

    def _set_type(self, described: Proto, hint: Any) -> None:
        if hint in SCALARS:
            described.type = SCALARS[hint]
        elif hint is datetime:
            self.file.dependency[:] = [timestamp_pb2.DESCRIPTOR.name]
            described.type, described.type_name = Proto.TYPE_MESSAGE, TIMESTAMP
        else:
            self._add_class(hint)
            described.type = Proto.TYPE_ENUM if is_enum(hint) else Proto.TYPE_MESSAGE
            described.type_name = f".{self.package}.{hint.__name__}"


def result_fields(method: Method) -> tuple[Field, ...]:
    """What a method answers as a message: `result`, or nothing."""
    if method.result is type(None):
        return ()
    return (
        Field("result", method.result, (lambda: None) if optional_of(method.result) is not None else None),
    )


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def enum_names(cls: type) -> list[str]:
    """The names protobuf's style asks for: each begins with the enum's own, and zero says nothing."""
    own = "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(cls.__name__)).upper()
    members = typing.cast(type[enum.Enum], cls)
    return [f"{own}_UNSPECIFIED", *(f"{own}_{member.name.upper()}" for member in members)]
