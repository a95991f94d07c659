"""Pages of a listing in one order, forward and back, by the key of a row: no counting, no skipping."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from math import ceil
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
from django.utils.translation import gettext as _

from apps.catalog import samples
from apps.catalog.contract import InvalidQuery
from apps.catalog.filters import NO_GROUPS, Groups
from apps.catalog.models import Listing, ListingEntry, SearchDocument
from apps.catalog.samples import Part, first

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
    within: Groups = NO_GROUPS,
    sample: int = 0,
) -> Page:
    """Items of the listing that stand in one of each group, in one order; and in the same query a sample of the list.

    Raises InvalidQuery for an order that isn't there and for a cursor that did not come from here.
    """
    field, descending = _field(order, language)
    entries = _entries(listing, within)
    cursor = read_cursor(after or before, field)
    back = after is None and before is not None
    most = max(size + 1, sample)
    rows = _rows(entries.values(), field, descending != back, cursor, most)
    if back and len(rows) <= size:  # the beginning: show it whole
        back, cursor = False, None
        rows = _rows(entries.values(), field, descending, None, most)
    more = len(rows) > size
    ids = [item_id for _key, item_id, _version in rows[:sample]]
    rows = rows[:size]
    if back:
        rows.reverse()
    return Page(
        items=[(item_id, version) for _key, item_id, version in rows],
        sample=ids,
        next=write_cursor(rows[-1], field) if rows and (back or more) else None,
        previous=write_cursor(rows[0], field) if rows and (more if back else cursor is not None) else None,
    )


def _entries(listing: Listing, within: Groups) -> dict[Listing, QuerySet[ListingEntry]]:
    """Entries of the smallest group whose items stand in one of each other: for each of its listings a range of the
    index of its own. An item may be in several.
    """
    smallest, *others = sorted([[listing], *within.values()], key=how_many)
    conditions = [stands_in(other) for other in others]
    return {one: ListingEntry.objects.filter(*conditions, listing=one.pk) for one in smallest}


def how_many(listings: Sequence[Listing]) -> int:
    """Items that stand in one of them, at most."""
    return sum(listing.items for listing in listings)


def stands_in(listings: Sequence[Listing]) -> Q:
    """That the item of a row stands in one of them: for each row a look at the primary key.

    Asked with EXISTS whether it is in one of several, MariaDB reads all their entries first.
    """
    versions = ListingEntry.objects.filter(item=OuterRef("item")).values("version")
    found = (Subquery(versions.filter(listing=listing.pk)) for listing in listings)
    return reduce(or_, (Q(IsNull(version, False)) for version in found))


def wider(listing: Listing, *, order: str, language: str, within: Groups) -> dict[str, list[Part]]:
    """For each group: some items of the list as it would be without it, the first ones in its order."""
    field, descending = _field(order, language)
    places = SearchDocument.objects.filter(item=OuterRef("item")).values("places")
    found = {}
    for key in within:
        entries = _entries(listing, {other: group for other, group in within.items() if other != key})
        share = samples.SAMPLE / max(samples.SAMPLE, how_many(list(entries)))
        found[key] = [
            Part(
                _ordered(rows, field, descending).annotate(places=Subquery(places)),
                ceil(one.items * share) + 1,
            )
            for one, rows in entries.items()
        ]
    return found


def _field(order: str, language: str) -> tuple[str, bool]:
    if order not in ORDERS:
        raise InvalidQuery(_("Items can't be sorted by that."))
    return key_field(order, language), order == "newest"


def key_field(order: str, language: str) -> str:
    """Of an entry, what an order sorts by."""
    if order == "title":
        return f"title_{'es' if language == 'es' else 'en'}"
    return "published_at" if order == "newest" else order


def _rows(
    entries: Iterable[QuerySet[ListingEntry]], field: str, descending: bool, cursor: Key | None, most: int
) -> list[Row]:
    parts = [_ordered(_beyond(rows, field, descending, cursor), field, descending) for rows in entries]
    if len(parts) == 1:
        return list(parts[0].values_list(field, "item_id", "version")[:most])
    one, *others = (first(part, most).values_list(field, "item_id", "version") for part in parts)
    return list(_ordered(one.union(*others), field, descending)[:most])


def _beyond(
    entries: QuerySet[ListingEntry], field: str, descending: bool, cursor: Key | None
) -> QuerySet[ListingEntry]:
    if cursor is None:
        return entries
    beyond = "lt" if descending else "gt"
    # The first condition is the range of the index; the second only sorts out rows of the very same key.
    return entries.filter(
        Q(**{f"{field}__{beyond}e": cursor.value}),
        Q(**{f"{field}__{beyond}": cursor.value}) | Q(**{f"item__{beyond}": cursor.item_id}),
    )


def _ordered(entries: QuerySet[Any, Any], field: str, descending: bool) -> QuerySet[Any, Any]:
    sign = "-" if descending else ""
    return entries.order_by(f"{sign}{field}", f"{sign}item_id")


def write_cursor(row: Row, field: str) -> str:
    value, item_id, _version = row
    if isinstance(value, datetime):
        value = (value - EPOCH) // MICROSECOND
    raw = json.dumps([field, value, item_id.hex], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, field: str) -> Key | None:
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
