"""The contract by which the relay of one process hands events to another: CloudEvents 1.0, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

SPECVERSION = "1.0"
JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event with the attributes of CloudEvents 1.0.

    `source` is the context that says it, `type` its name such as `catalog.item_published.v1`, `time` when it was
    said, `data` its message in protobuf's JSON mapping, `requestid` the request it came from.
    """

    id: UUID
    source: str
    type: str
    time: datetime
    data: str
    datacontenttype: str = JSON
    specversion: str = SPECVERSION
    requestid: str = ""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An event that nobody there can read, and why. It should be kept, and looked at by a person."""

    id: UUID
    reason: str


class Events(Protocol):
    def deliver(self, *, events: list[Event]) -> list[Refusal]:
        """Keep what somebody here wants to hear, once, however often it is delivered; at most 1000 at a time."""
        ...
