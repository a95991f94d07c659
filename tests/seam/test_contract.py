"""What a contract may be made of: each thing outside the closed list is refused by name, at start."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

import pytest

from seam import ContractError, event
from seam.contract import Contract, InvalidContract, check_type, fields_of, read_contract
from tests.seam import sample
from tests.seam.contracts import module


class Number(enum.Enum):
    ONE = 1


@dataclass
class Thawed:
    name: str


@dataclass(frozen=True)
class Holder:
    inside: Thawed


@dataclass(frozen=True)
class Computed:
    name: str
    size: int = field(init=False)


@dataclass(frozen=True)
class Unsure:
    name: str | None = "x"


@dataclass(frozen=True)
class Made:
    id: UUID = field(default_factory=uuid4)


ALLOWED = [
    str,
    int,
    bool,
    float,
    Decimal,
    UUID,
    datetime,
    sample.Colour,
    sample.Part,
    sample.Tree,
    dict[str, str],
]


@pytest.mark.parametrize(
    "hint", [*ALLOWED, *(list[hint] for hint in ALLOWED[:-1]), *(hint | None for hint in ALLOWED[:-1])]
)
def test_the_list_of_types(hint: Any) -> None:
    check_type(hint, "here")


@pytest.mark.parametrize(
    "hint",
    [
        bytes,
        object,
        Any,
        date,
        set[str],
        tuple[str, int],
        list,
        dict,
        dict[str, int],
        dict[int, str],
        list[list[str]],
        list[str | None],
        list[dict[str, str]],
        list[str] | None,
        dict[str, str] | None,
        str | int,
        str | int | None,
        Literal["a"],
        Iterator[str],
        type[str],
        Number,
        Thawed,
        Holder,
        Computed,
        Unsure,
        ContractError,
    ],
)
def test_anything_else_is_refused_where_it_stands(hint: Any) -> None:
    with pytest.raises(InvalidContract, match="here"):
        check_type(hint, "here")


def test_a_refused_dataclass_is_refused_again() -> None:
    for _once_more in range(2):
        with pytest.raises(InvalidContract, match=r"Holder\.inside\.Thawed must be a frozen dataclass"):
            fields_of(Holder)


def test_a_default_that_is_made_is_made_each_time() -> None:
    (only,) = fields_of(Made)
    assert only.default is not None
    assert only.default() != only.default()


def test_the_sample_is_read(contract: Contract) -> None:
    assert list(contract.events) == ["sample.thing_made.v1", "sample.tree_grown.v1"]
    assert contract.errors == {"sample.refused": sample.Refused}
    assert contract.methods["note"].result is type(None)


class Positional(Protocol):
    def get(self, name: str) -> str: ...


class Untyped(Protocol):
    def get(self, *, name) -> str: ...  # type: ignore[no-untyped-def]


class Silent(Protocol):
    def get(self, *, name: str): ...  # type: ignore[no-untyped-def]


class Greedy(Protocol):
    def get(self, **names: str) -> str: ...


class Binary(Protocol):
    def get(self, *, data: bytes) -> None: ...


class Queryset(Protocol):
    def get(self) -> Iterator[str]: ...


@pytest.mark.parametrize(
    ("protocol", "complaint"),
    [
        (Positional, r"Positional\.get: name must be keyword-only"),
        (Untyped, r"Untyped\.get: name needs a type"),
        (Silent, r"Silent\.get needs a return type"),
        (Greedy, r"Greedy\.get: names must be keyword-only"),
        (Binary, r"Binary\.get\(data\): <class 'bytes'> can't cross"),
        (Queryset, r"Queryset\.get -> : .*Iterator.* can't cross"),
    ],
)
def test_methods_are_refused_by_name(protocol: type, complaint: str) -> None:
    with pytest.raises(InvalidContract, match=complaint):
        read_contract("sample", module(protocol))


class Fine(Protocol):
    def get(self, *, name: str = "x") -> str: ...


class Foreign(ContractError):
    code = "media.refused"


class Nameless(ContractError):
    pass


class Same(ContractError):
    code = "sample.same"


class SameAgain(ContractError):
    code = "sample.same"


class Elaborate(ContractError):
    code = "sample.elaborate"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit}.")


@event("catalog.gone.v1")
@dataclass(frozen=True)
class ForeignEvent:
    name: str


@event("sample.gone.v1")
@dataclass(frozen=True)
class Blob:
    data: bytes


@pytest.mark.parametrize(
    ("classes", "complaint"),
    [
        ((Fine, Foreign), r"Foreign\.code must start with 'sample\.'"),
        ((Fine, Nameless), r"Nameless\.code must start with"),
        ((Fine, Same, SameAgain), r"SameAgain and Same are both called 'sample\.same'"),
        ((Fine, Elaborate), "Elaborate has an __init__ of its own"),
        ((Fine, ForeignEvent), r"declares the event 'catalog\.gone\.v1', which only 'catalog' may say"),
        ((Fine, Blob), r"sample\.gone\.v1\.Blob\.data: <class 'bytes'> can't cross"),
        ((Foreign,), "must declare exactly one Protocol, found 0"),
        ((Fine, Greedy), "must declare exactly one Protocol, found 2"),
    ],
)
def test_errors_and_events_are_refused_by_name(classes: tuple[type, ...], complaint: str) -> None:
    with pytest.raises(InvalidContract, match=complaint):
        read_contract("sample", module(*classes))


@pytest.mark.parametrize(
    "name", ["published", "Catalog.gone.v1", "catalog.gone", "catalog.gone.v0", "catalog..v1"]
)
def test_an_event_has_context_fact_and_version(name: str) -> None:
    with pytest.raises(InvalidContract, match="is no event name"):
        event(name)


def test_the_contracts_of_this_house_are_in_order() -> None:
    from apps.auth import contract as auth
    from apps.catalog import contract as catalog
    from apps.media import contract as media

    for name, contract in (("auth", auth), ("catalog", catalog), ("media", media)):
        assert read_contract(name, contract).methods
