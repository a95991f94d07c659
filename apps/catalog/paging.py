"""Pages of a listing in one order, forward and back, by the key of a row: no counting, no skipping."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from apps.catalog.contract import InvalidQuery
from apps.catalog.models import Listing, ListingEntry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ORDERS = ("newest", "title", "price")

Row = tuple[Any, UUID, int]  # sort key, item, its version


@dataclass(frozen=True)
class Key:
    """Where a row stands: its sort key and its item. Cursors are made of it."""

    value: Any
    item_id: UUID


@dataclass(frozen=True)
class Page:
    """Items with their versions. `next` goes into `after`, `previous` into `before`; None: no such page.

    `sample`: as many items of the list as were asked for, from this page on.
    """

    items: list[tuple[UUID, int]]
    sample: list[UUID]
    next: str | None
    previous: str | None


def page(
    listing: Listing,
    *,
    order: str = "newest",
    language: str = "en",
    size: int = 24,
    after: str | None = None,
    before: str | None = None,
    within: Sequence[Listing] = (),
    sample: int = 0,
) -> Page:
    """Items that stand in all these listings, in one order; and in the same query a sample of the whole list.

    Raises InvalidQuery for an order that isn't there and for a cursor that did not come from here.
    """
    field, descending = _field(order, language)
    smallest, *others = sorted([listing, *within], key=lambda each: each.items)
    entries = ListingEntry.objects.filter(listing=smallest.pk)
    for other in others:
        entries = entries.filter(Exists(ListingEntry.objects.filter(listing=other.pk, item=OuterRef("item"))))
    cursor = _read(after or before, field)
    back = after is None and before is not None
    most = max(size + 1, sample)
    rows = _rows(entries, field, descending != back, cursor, most)
    if back and len(rows) <= size:  # the beginning: show it whole
        back, cursor = False, None
        rows = _rows(entries, field, descending, None, most)
    more = len(rows) > size
    ids = [item_id for _key, item_id, _version in rows[:sample]]
    rows = rows[:size]
    if back:
        rows.reverse()
    return Page(
        items=[(item_id, version) for _key, item_id, version in rows],
        sample=ids,
        next=_write(rows[-1], field) if rows and (back or more) else None,
        previous=_write(rows[0], field) if rows and (more if back else cursor is not None) else None,
    )


def _entries(listings: Sequence[Listing]) -> QuerySet[ListingEntry]:
    """Entries of the smallest of these listings whose items stand in the others too."""
    smallest, *others = sorted(listings, key=lambda each: each.items)
    entries = ListingEntry.objects.filter(listing=smallest.pk)
    for other in others:
        entries = entries.filter(Exists(ListingEntry.objects.filter(listing=other.pk, item=OuterRef("item"))))
    return entries


def _field(order: str, language: str) -> tuple[str, bool]:
    if order not in ORDERS:
        raise InvalidQuery(_("Items can't be sorted by that."))
    if order == "title":
        return f"title_{'es' if language == 'es' else 'en'}", False
    return ("published_at", True) if order == "newest" else (order, False)


def _rows(
    entries: QuerySet[ListingEntry], field: str, descending: bool, cursor: Key | None, most: int
) -> list[Row]:
    if cursor is not None:
        beyond = "lt" if descending else "gt"
        # The first condition is the range of the index; the second only sorts out rows of the very same key.
        entries = entries.filter(
            Q(**{f"{field}__{beyond}e": cursor.value}),
            Q(**{f"{field}__{beyond}": cursor.value}) | Q(**{f"item__{beyond}": cursor.item_id}),
        )
    sign = "-" if descending else ""
    rows = entries.order_by(f"{sign}{field}", f"{sign}item_id").values_list(field, "item_id", "version")
    return list(rows[:most])


def _write(row: Row, field: str) -> str:
    value, item_id, _version = row
    if isinstance(value, datetime):
        value = (value - EPOCH) // MICROSECOND
    raw = json.dumps([field, value, item_id.hex], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(cursor: str | None, field: str) -> Key | None:
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        of, value, item = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if of != field or type(value) is not (int if field == "published_at" else str):
            raise ValueError(of)
        str(value).encode()  # half of a surrogate pair can be told in JSON and in no database
        return Key(EPOCH + value * MICROSECOND if isinstance(value, int) else value, UUID(item))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error, RecursionError) as error:
        raise InvalidQuery(_("This page of the list is not known. Start from its beginning.")) from error


def moment_of(moment: datetime, pk: UUID) -> str:
    """Where a list by moment goes on after the row of that moment and key."""
    return f"{moment.astimezone(UTC).isoformat()}~{pk.hex}"


def read_moment(text: str) -> tuple[datetime, UUID] | None:
    """What `moment_of` wrote; None where it did not."""
    moment, _tilde, pk = text.partition("~")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(pk)
    except (ValueError, OverflowError):
        return None
