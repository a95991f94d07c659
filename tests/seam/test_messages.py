"""Messages: what goes in comes out, and what can't go in is refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given

from seam.codec import InvalidMessage
from seam.contract import Contract, InvalidContract, read_contract
from seam.messages import Messages
from tests.seam import sample, values
from tests.seam.contracts import module
from tests.seam.sample import Colour, Part, Refused, Thing, Tree

MESSAGES = Messages(read_contract("sample", sample))
THING = MESSAGES.event["sample.thing_made.v1"]
TREE = MESSAGES.event["sample.tree_grown.v1"]


@pytest.mark.slow
@given(thing=values.things)
def test_bytes_hold_every_value_exactly(thing: Thing) -> None:
    assert THING.decode(THING.encode({"thing": thing})) == {"thing": thing}


@pytest.mark.slow
@given(thing=values.things)
def test_json_holds_every_value_exactly(thing: Thing) -> None:
    data = json.loads(json.dumps(THING.to_json({"thing": thing}), allow_nan=False))
    assert THING.from_json(data) == {"thing": thing}


@given(tree=values.trees)
def test_a_tree_of_its_own_kind_crosses_whole(tree: Tree) -> None:
    assert TREE.decode(TREE.encode({"tree": tree})) == {"tree": tree}


@given(numbers=values.st.lists(values.numbers, max_size=3), times=values.numbers)
def test_arguments_cross(numbers: list[int], times: int) -> None:
    request = MESSAGES.request["list_numbers"]
    assert request.decode(request.encode({"numbers": numbers, "times": times})) == {
        "numbers": numbers,
        "times": times,
    }


def test_the_digits_of_a_price_are_kept() -> None:
    sent = values.thing(price=Decimal("12.50"), maybe_price=Decimal("1E+3"))
    received = THING.decode(THING.encode({"thing": sent}))["thing"]
    assert (str(received.price), str(received.maybe_price)) == ("12.50", "1E+3")


def test_a_moment_keeps_its_microseconds_and_becomes_utc() -> None:
    bogota = timezone(timedelta(hours=-5))
    sent = values.thing(at=datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=bogota))
    received = THING.decode(THING.encode({"thing": sent}))["thing"].at
    assert received == sent.at
    assert received.tzinfo is UTC


def test_an_hour_that_comes_twice_keeps_which_of_the_two_it_was() -> None:
    for fold in (0, 1):
        at = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Madrid"))
        received = THING.decode(THING.encode({"thing": values.thing(at=at)}))["thing"].at
        assert received == at.astimezone(UTC)


def test_none_is_not_the_empty_value() -> None:
    for value in (None, ""):
        sent = values.thing(maybe_text=value)
        assert THING.decode(THING.encode({"thing": sent}))["thing"].maybe_text == value


def test_a_marked_text_arrives_as_plain_text() -> None:
    received = THING.decode(THING.encode({"thing": values.thing(text=mark_safe("<b>"))}))["thing"]
    assert type(received.text) is str


def test_a_method_without_an_answer_answers_an_empty_message() -> None:
    assert MESSAGES.response["note"].encode({"result": None}) == b""
    assert MESSAGES.response["note"].decode(b"") == {}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"number": 2**63}, "thing: number: 9223372036854775808 does not fit into 64 bits"),
        ({"number": -(2**63) - 1}, "thing: number: -9223372036854775809 does not fit into 64 bits"),
        ({"number": True}, "thing: number: must be int, not bool"),
        ({"number": 1.0}, "thing: number: must be int, not float"),
        ({"yes": 1}, "thing: yes: must be bool, not int"),
        ({"text": b"x"}, "thing: text: must be str, not bytes"),
        ({"text": gettext_lazy("Search")}, "thing: text: must be str, not __proxy__"),
        ({"text": "a\ud800"}, "thing: text: holds half a character"),
        ({"text": None}, "thing: text: must be str, not NoneType"),
        ({"ratio": "1"}, "thing: ratio: must be float, not str"),
        ({"price": Decimal("NaN")}, "thing: price: NaN is no number to count with"),
        ({"price": Decimal("-Infinity")}, "thing: price: -Infinity is no number"),
        ({"price": 1.5}, "thing: price: must be Decimal, not float"),
        ({"id": str(UUID(int=1))}, "thing: id: must be UUID, not str"),
        ({"at": datetime(2026, 1, 1)}, "thing: at: must be an aware datetime"),  # noqa: DTZ001
        ({"moments": [datetime(2026, 1, 1)]}, r"thing: moments: \[0\]: must be an aware datetime"),  # noqa: DTZ001
        ({"colour": "red"}, "thing: colour: must be Colour, not str"),
        ({"part": {"name": "x"}}, "thing: part: must be Part, not dict"),
        ({"part": Part(name=3)}, "thing: part: name: must be str, not int"),  # type: ignore[arg-type]
        ({"parts": (Part(name="x"),)}, "thing: parts: must be list, not tuple"),
        ({"numbers": [1, None]}, r"thing: numbers: \[1\]: must be int, not NoneType"),
        ({"labels": {"a": 1}}, "thing: labels: a: must be str, not int"),
        ({"labels": {1: "a"}}, "thing: labels: must be str, not int"),
    ],
)
def test_what_can_not_be_sent_is_refused_by_name(changes: dict[str, Any], complaint: str) -> None:
    for write in (THING.encode, THING.to_json):
        with pytest.raises(InvalidMessage, match=complaint):
            write({"thing": values.thing(**changes)})


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\xff\xff\xff", "This is no offshoot.sample.v1.ThingMade"),
        (b"", "thing is missing"),
        (b"\x0a\x00", "thing: price: is missing"),
    ],
)
def test_bytes_nobody_can_read_are_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(InvalidMessage, match=complaint):
        THING.decode(data)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("price", "12,50", "'12,50' is no decimal number"),
        ("price", "Infinity", "'Infinity' is no decimal number"),
        ("id", "7", "'7' is no UUID"),
        ("id", "", "is missing"),
        ("colour", 9, "9 is a Colour this version does not know"),
        ("colour", 0, "is missing"),
        ("number", "many", "This is no offshoot.sample.v1.ThingMade"),
        ("at", "yesterday", "This is no offshoot.sample.v1.ThingMade"),
    ],
)
def test_json_nobody_can_read_is_refused(name: str, value: Any, complaint: str) -> None:
    data = THING.to_json({"thing": values.thing()})
    data["thing"][name] = value
    with pytest.raises(InvalidMessage, match=complaint):
        THING.from_json(data)


def test_an_error_crosses_with_its_fields() -> None:
    error = MESSAGES.decode_error(MESSAGES.encode_error(Refused("No.", limit="3")))
    assert (type(error), str(error), error.fields) == (Refused, "No.", {"limit": "3"})


def test_an_error_nobody_declared_is_not_made_up() -> None:
    data = MESSAGES.error.encode({"code": "sample.new", "message": "", "fields": {}})
    with pytest.raises(InvalidMessage, match=r"'sample\.new' is no declared error of sample"):
        MESSAGES.decode_error(data)


def test_fields_are_numbered_in_order_of_declaration(contract: Contract) -> None:
    described = {m.name: [(f.name, f.number) for f in m.field] for m in MESSAGES.file.message_type}
    assert described["Part"] == [("name", 1), ("weight", 2)]
    assert described["ListNumbersRequest"] == [("numbers", 1), ("times", 2)]


# An older and a newer version of the same contract. They stand at the top of the module for get_type_hints.
@dataclass(frozen=True, kw_only=True)
class OldNote:
    text: str


@dataclass(frozen=True, kw_only=True)
class NewNote:
    text: str
    stars: int = 5
    author: Part | None = None


class Old(Protocol):
    def put_note(self, *, note: OldNote) -> None: ...


class New(Protocol):
    def put_note(self, *, note: NewNote, loudly: bool = True) -> None: ...


def test_an_older_reader_skips_what_it_does_not_know() -> None:
    old, new = (Messages(read_contract("notes", module(cls))).request["put_note"] for cls in (Old, New))
    sent = new.encode({"note": NewNote(text="x", stars=1, author=Part(name="A")), "loudly": False})
    assert old.decode(sent) == {"note": OldNote(text="x")}


def test_a_newer_reader_fills_in_what_an_older_writer_left_out() -> None:
    old, new = (Messages(read_contract("notes", module(cls))).request["put_note"] for cls in (Old, New))
    assert new.decode(old.encode({"note": OldNote(text="x")})) == {"note": NewNote(text="x"), "loudly": True}


class Error:
    pass


Error = dataclass(frozen=True)(Error)  # type: ignore[misc]


class Clash(Protocol):
    def get_error(self) -> Error: ...


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(InvalidContract, match="two messages would be called Error"):
        Messages(read_contract("notes", module(Clash)))


def test_enum_values_begin_with_unspecified() -> None:
    described = {e.name: [v.name for v in e.value] for e in MESSAGES.file.enum_type}
    assert described == {Colour.__name__: ["COLOUR_UNSPECIFIED", "COLOUR_RED", "COLOUR_SEA_GREEN"]}
