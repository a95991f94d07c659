"""A declared error as the status of a gRPC call: google.rpc.Status with the contract's Error in its details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto
from google.protobuf.message import DecodeError

from seam.contract import ContractError
from seam.messages import Messages

DECLARED = grpc.StatusCode.FAILED_PRECONDITION
DETAILS = "grpc-status-details-bin"
# What fits into a header line next to the details, and into a log.
SHORT = 200


def _status_class() -> Any:
    """google.rpc.Status, which comes with a package of hundreds of other messages."""
    file = descriptor_pb2.FileDescriptorProto(
        name="google/rpc/status.proto",
        package="google.rpc",
        syntax="proto3",
        dependency=[any_pb2.DESCRIPTOR.name],
    )
    message = file.message_type.add(name="Status")
    message.field.add(name="code", number=1, label=Proto.LABEL_OPTIONAL, type=Proto.TYPE_INT32)
    message.field.add(name="message", number=2, label=Proto.LABEL_OPTIONAL, type=Proto.TYPE_STRING)
    message.field.add(
        name="details",
        number=3,
        label=Proto.LABEL_REPEATED,
        type=Proto.TYPE_MESSAGE,
        type_name=f".{any_pb2.Any.DESCRIPTOR.full_name}",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClassesForFiles([file.name], pool)["google.rpc.Status"]


Status = _status_class()


def error_to_status(messages: Messages, error: bytes) -> tuple[str, bytes]:
    """The short text and the details of a call that ended in a declared error."""
    text = str(messages.error.decode(error)["message"])[:SHORT]
    status = Status(code=DECLARED.value[0], message=text)
    status.details.add(type_url=f"type.googleapis.com/{messages.package}.Error", value=error)
    return text, status.SerializeToString()


def error_of(messages: Messages, metadata: Mapping[str, str | bytes]) -> ContractError | None:
    """The declared error that the trailing metadata of a call tell of, if they do.

    Raises seam.codec.InvalidMessage for an error that this version of the contract does not declare.
    """
    details = metadata.get(DETAILS)
    try:
        status = Status.FromString(details) if isinstance(details, bytes) else Status()
    except DecodeError:
        return None
    found = [d for d in status.details if _name(d) == f"{messages.package}.Error"]
    return messages.decode_error(found[0].value) if found else None


def _name(detail: Any) -> str:
    return str(detail.type_url).rpartition("/")[2]
