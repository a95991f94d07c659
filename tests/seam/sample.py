"""A contract that uses everything a contract may use."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from seam import ContractError, event


class Colour(enum.Enum):
    RED = "red"
    SEA_GREEN = "sea-green"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A nested value."""

    name: str
    weight: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A value of its own kind inside itself."""

    name: str
    branches: list[Tree] = field(default_factory=list)
    graft: Tree | None = None


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One field of each type, plain, optional, with a default, and in lists."""

    text: str
    yes: bool
    number: int
    ratio: float
    price: Decimal
    id: UUID
    at: datetime
    colour: Colour
    part: Part
    labels: dict[str, str]
    parts: list[Part]
    numbers: list[int]
    colours: list[Colour]
    moments: list[datetime]
    maybe_text: str | None = None
    maybe_number: int | None = None
    maybe_price: Decimal | None = None
    maybe_id: UUID | None = None
    maybe_at: datetime | None = None
    maybe_colour: Colour | None = None
    maybe_part: Part | None = None
    size: int = 24
    shade: Colour = Colour.SEA_GREEN
    spare: Part = Part(name="spare")


class Refused(ContractError):
    """The keeper does not want to."""

    code = "sample.refused"


@event("sample.thing_made.v1")
@dataclass(frozen=True, kw_only=True)
class ThingMade:
    """A thing exists now."""

    thing: Thing


@event("sample.tree_grown.v1")
@dataclass(frozen=True, kw_only=True)
class TreeGrown:
    tree: Tree


class Sample(Protocol):
    """What the sample promises."""

    def get_thing(self, *, thing: Thing) -> Thing:
        """The same thing again."""
        ...

    def get_maybe(self, *, thing: Thing | None = None) -> Thing | None: ...

    def list_numbers(self, *, numbers: list[int], times: int = 2) -> list[int]:
        """Raises Refused when there are more than three."""
        ...

    def note(self, *, text: str) -> None: ...

    def get_request_id(self) -> str: ...

    def get_language(self) -> str: ...

    def get_hidden(self) -> str: ...

    def get_failure(self, *, kind: str) -> str: ...
