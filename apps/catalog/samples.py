"""Some items of a list, and of each list it would be without one of its filters: of these facets are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet, Value

from apps.catalog.models import SearchDocument
from apps.catalog.wordings import document_id

SAMPLE = 200  # items: what is counted of one list, however long it is

LIST = ""  # the key of the list itself, beside those of filters

Items = dict[UUID, tuple[int, str]]  # with their version and the `places` of their document


@dataclass(frozen=True)
class Part:
    """The first `most` of these rows, each with `item_id`, `version` and the `places` of its document.

    `to_the_end`: where there are fewer, they are all.
    """

    rows: QuerySet
    most: int = SAMPLE
    to_the_end: bool = True


@dataclass(frozen=True)
class Sample:
    """Some items of a list; all if it `is_whole`. `of_everything`: the list is that of all items."""

    items: Items
    is_whole: bool = False
    of_everything: bool = False

    @property
    def places(self) -> list[str]:
        return [places for _version, places in self.items.values()]


def of_items(items: Iterable[UUID]) -> list[Part]:
    return of_documents([document_id(item) for item in items])


def of_documents(ids: Sequence[int]) -> list[Part]:
    return [Part(SearchDocument.objects.filter(pk__in=ids), SAMPLE)] if ids else []


def read(lists: Mapping[str, Sequence[Part]]) -> dict[str, Sample]:
    """By the same keys, in one query. An item that is in several parts of a list counts once."""
    rows = iter(_rows([part for parts in lists.values() for part in parts]))
    return {key: _sample([(part, next(rows)) for part in parts]) for key, parts in lists.items()}


def _sample(parts: Sequence[tuple[Part, Items]]) -> Sample:
    items = {item: own for _part, found in parts for item, own in found.items()}
    return Sample(items, all(part.to_the_end and len(found) < part.most for part, found in parts))


def _rows(parts: Sequence[Part]) -> list[Items]:
    found: list[Items] = [{} for _part in parts]
    for number, item, version, places in _union(parts) if parts else ():
        found[number][item] = version, places
    return found


def _union(parts: Sequence[Part]) -> QuerySet:
    columns = ("number", "item_id", "version", "places")
    numbered = [
        Part(part.rows.annotate(number=Value(number)), part.most) for number, part in enumerate(parts)
    ]
    if len(parts) == 1:
        return numbered[0].rows.values_list(*columns)[: numbered[0].most]
    one, *others = (first(part.rows, part.most).values_list(*columns) for part in numbered)
    return one.union(*others, all=True)


def first(rows: QuerySet, most: int) -> QuerySet:
    """The first of these rows, as a part of a union: SQLite limits none of its parts, MariaDB no subquery."""
    if connections[rows.db].features.supports_slicing_ordering_in_compound:
        return rows[:most]
    return rows.order_by().filter(item__in=rows[:most].values("item"))
