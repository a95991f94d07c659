"""What a contract marks as sensitive is told by no event, no repr and no line of a log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

import pytest

from monolith.logs import GONE, Formatter
from seam import Sensitive, event
from seam.binding import local
from seam.contract import Contract, InvalidContract, fields_of, read_contract
from seam.messages import Messages
from seam.registry import registry
from seam.wire import CallFailed, wire
from tests.seam.contracts import module

SECRET = "quite-a-long-secret-7"


@dataclass(frozen=True, kw_only=True)
class Card:
    owner: str
    number: Sensitive[str] = field(repr=False)


@dataclass(frozen=True)
class Shown:
    number: Sensitive[str]


class Till(Protocol):
    def pay(self, *, code: Sensitive[str], card: Card | None = None) -> None: ...


@event("till.paid.v1")
@dataclass(frozen=True)
class Paid:
    code: Sensitive[str] = field(repr=False)


@event("till.paid.v1")
@dataclass(frozen=True)
class PaidBy:
    cards: list[Card]


def keeper(pay: Callable[..., None]) -> ModuleType:
    service = ModuleType("till")
    service.pay = pay  # type: ignore[attr-defined]
    return service


def pay(*, code: str, card: Card | None = None) -> None:
    raise ValueError(f"{code!r} and {card.number if card else ''} are odd")


def test_the_marks_are_read() -> None:
    contract = read_contract("till", module(Till))
    assert [one.is_sensitive for one in contract.methods["pay"].parameters] == [True, False]
    assert [one.is_sensitive for one in fields_of(Card)] == [False, True]


def test_a_dataclass_that_is_printed_does_not_tell() -> None:
    assert SECRET not in repr(Card(owner="Ana", number=SECRET))
    with pytest.raises(InvalidContract, match=r"number is sensitive .* declare it with field\(repr=False\)"):
        fields_of(Shown)


@pytest.mark.parametrize(("said", "where"), [(Paid, "paid.v1.code"), (PaidBy, "paid.v1.cards.number")])
def test_an_event_that_would_tell_is_refused(said: type, where: str) -> None:
    with pytest.raises(InvalidContract, match=rf"{where} is sensitive"):
        read_contract("till", module(Till, said))


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Contract:
    contract = read_contract("till", module(Till))
    monkeypatch.setitem(registry.messages, "till", Messages(contract))
    return contract


def test_what_fails_in_a_call_is_logged_without_what_it_was_given(
    till: Contract, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(Formatter())
    with pytest.raises(CallFailed):
        wire(till, keeper(pay)).pay(code=SECRET, card=Card(owner="Ana", number="4711 0815 4711"))
    assert "are odd" in caplog.text
    assert GONE in caplog.text
    assert SECRET not in caplog.text
    assert "4711" not in caplog.text


def test_within_one_process_too(till: Contract, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(Formatter())

    def logs(*, code: str, card: Any = None) -> None:
        logging.getLogger("till").warning("odd: %s", code)

    local(till, keeper(logs)).pay(code=SECRET)
    assert "odd: " in caplog.text
    assert SECRET not in caplog.text


@dataclass(frozen=True, kw_only=True)
class Purse:
    cards: list[Card]


class Counter(Protocol):
    def take(self, *, purse: Purse) -> None: ...


def test_however_deep_it_stands(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(Formatter())

    def take(*, purse: Purse) -> None:
        logging.getLogger("till").warning("odd: %s", purse.cards[0].number)

    service = ModuleType("counter")
    service.take = take  # type: ignore[attr-defined]
    counter = local(read_contract("counter", module(Counter)), service)
    counter.take(purse=Purse(cards=[Card(owner="Ana", number=SECRET)]))
    assert "odd: " in caplog.text
    assert SECRET not in caplog.text
