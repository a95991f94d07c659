"""What a list is narrowed by: `?filter=artist:turner&filter=in:people/adults`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast

from apps.catalog.models import Listing

# The key that means a category's path; an attribute can't have it, for keys of attributes hold no dot.
CATEGORY = ".in"
MOST = 5


@dataclass(frozen=True)
class Filter:
    """`value` is the slug of an attribute's value, or the path of a category."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}:{self.value}"


Filters = dict[Filter, tuple[Listing, str]]


@dataclass(frozen=True)
class Narrowed:
    """The listings the filters name, each with its own words; and the versions of EVERYTHING and SHAPE."""

    everything: Listing
    shape: int
    filters: Filters

    @property
    def listings(self) -> list[Listing]:
        return [listing for listing, _title in self.filters.values()]

    @property
    def versions(self) -> dict[int, int]:
        """Of EVERYTHING, which changes with any item, and SHAPE: what a page of no single listing shows."""
        return {Listing.EVERYTHING: self.everything.version, Listing.SHAPE: self.shape}


NOTHING = Listing(pk=0, items=0, version=0)


def parse(texts: Sequence[str]) -> list[Filter]:
    pairs = (text.partition(":") for text in texts)
    return list(dict.fromkeys(Filter(key, value) for key, _colon, value in pairs if key and value))[:MOST]


def read(filters: Sequence[Filter] = ()) -> Narrowed:
    """All of it in one query. What a filter names may be gone by now: its listing is NOTHING then."""
    if not filters:
        return _base(Listing.objects.filter(pk__in=[Listing.EVERYTHING, Listing.SHAPE]))
    queries = [_rows(Listing.objects.filter(pk__in=[Listing.EVERYTHING, Listing.SHAPE]), "", Value(""))]
    for one in filters:
        if one.key == CATEGORY:
            of_category = Listing.objects.filter(category__path=one.value)
            queries.append(_rows(of_category, str(one), F("category__title")))
        else:
            of_value = {"attributevalue__attribute__key": one.key, "attributevalue__slug": one.value}
            queries.append(_rows(Listing.objects.filter(**of_value), str(one), F("attributevalue__text")))
    rows = list(queries[0].union(*queries[1:], all=True))
    found = [
        (Listing(pk=pk, items=items, version=version), text, title)
        for pk, items, version, text, title in rows
    ]
    named = {text: (listing, title) for listing, text, title in found if text}
    base = [listing for listing, text, _title in found if not text]
    return _base(base, {one: named.get(str(one), (NOTHING, one.value)) for one in filters})


def _base(listings: Iterable[Listing], filters: Filters | None = None) -> Narrowed:
    found = {listing.pk: listing for listing in listings}
    return Narrowed(
        everything=found.get(Listing.EVERYTHING) or Listing(pk=Listing.EVERYTHING, version=0),
        shape=found[Listing.SHAPE].version if Listing.SHAPE in found else 0,
        filters=filters or {},
    )


def _rows(listings: QuerySet[Listing], text: str, title: F | Value) -> QuerySet:
    named = listings.annotate(text=Value(text, output_field=CharField()), title=Cast(title, CharField()))
    return named.values_list("pk", "items", "version", "text", "title")
