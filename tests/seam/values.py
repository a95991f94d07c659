"""Hypothesis strategies for every value that a contract may carry, and one plain example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from tests.seam.sample import Colour, Part, Thing, Tree

texts = st.text(max_size=30)
numbers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
ratios = st.floats(allow_nan=False)
colours = st.sampled_from(Colour)
# Hypothesis wants naive bounds; a day or two inside, so that the moment exists in UTC whatever its zone.
FIRST, LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001
# Fixed offsets: in an hour that a clock change repeats or skips, Python finds no moment of another zone equal.
offsets = st.integers(min_value=-14 * 60, max_value=14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
moments = st.datetimes(min_value=FIRST, max_value=LAST, timezones=offsets)
parts = st.builds(Part, name=texts, weight=ratios)
trees = st.recursive(
    st.builds(Tree, name=texts),
    lambda inner: st.builds(Tree, name=texts, branches=st.lists(inner, max_size=3), graft=st.none() | inner),
    max_leaves=8,
)
things = st.builds(
    Thing,
    text=texts,
    yes=st.booleans(),
    number=numbers,
    ratio=ratios,
    price=decimals,
    id=st.uuids(),
    at=moments,
    colour=colours,
    part=parts,
    labels=st.dictionaries(texts, texts, max_size=4),
    parts=st.lists(parts, max_size=3),
    numbers=st.lists(numbers, max_size=3),
    colours=st.lists(colours, max_size=3),
    moments=st.lists(moments, max_size=2),
    maybe_text=st.none() | texts,
    maybe_number=st.none() | numbers,
    maybe_price=st.none() | decimals,
    maybe_id=st.none() | st.uuids(),
    maybe_at=st.none() | moments,
    maybe_colour=st.none() | colours,
    maybe_part=st.none() | parts,
    size=numbers,
    shade=colours,
    spare=parts,
)


def thing(**changes: object) -> Thing:
    """A thing with every required field; `changes` may hold what the types forbid."""
    plain = {
        "text": "ñandú",
        "yes": False,
        "number": 0,
        "ratio": 0.0,
        "price": Decimal("0.00"),
        "id": UUID(int=7),
        "at": datetime(2026, 11, 23, 12, 30, 0, 123456, tzinfo=UTC),
        "colour": Colour.RED,
        "part": Part(name=""),
        "labels": {},
        "parts": [],
        "numbers": [],
        "colours": [],
        "moments": [],
    }
    return Thing(**plain | changes)  # type: ignore[arg-type]
