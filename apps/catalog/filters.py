"""What a list is narrowed by: `?filter=artist:turner&filter=in:people/adults`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from apps.catalog.categories import LEVELS, paths_to
from apps.catalog.models import Listing

# The key that means a category's path; an attribute can't have it, for keys of attributes hold no dot.
CATEGORY = ".in"
MOST = 5
EMPTY = Value("")


@dataclass(frozen=True)
class Filter:
    """`value` is the slug of an attribute's value, or the path of a category."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}:{self.value}"


Filters = dict[Filter, tuple[Listing, str]]


@dataclass(frozen=True)
class Step:
    """A category on the way to another."""

    listing: Listing
    path: str
    title: str
    translations: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Narrowed:
    """The listings the filters name, each with its own words; and the versions of EVERYTHING and SHAPE.

    `line`: the category that was asked for and those above it, from the top.
    """

    everything: Listing
    shape: int
    filters: Filters
    line: list[Step] = field(default_factory=list)

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


def read(filters: Sequence[Filter] = (), path: str = "") -> Narrowed:
    """All of it in one query. What a filter names may be gone by now: its listing is NOTHING then.

    `path`: a category to be told of with all above it.
    """
    base = Listing.objects.filter(pk__in=[Listing.EVERYTHING, Listing.SHAPE])
    if not filters and not path:
        return _narrowed(base)
    queries = [_rows(Listing.objects.filter(one), text, title) for one, text, title in _named(filters)]
    if path:
        line = Listing.objects.filter(category__path__in=paths_to(path)[:LEVELS])
        queries.append(_rows(line, F("category__path"), F("category__title"), F("category__translations")))
    rows = list(_rows(base).union(*queries, all=True))
    found = [(Listing(pk=pk, items=items, version=version), *words) for pk, items, version, *words in rows]
    named = {
        text: (listing, title) for listing, text, title, translations in found if text and not translations
    }
    steps = [
        Step(listing, text, title, json.loads(translations))
        for listing, text, title, translations in found
        if translations
    ]
    return _narrowed(
        [listing for listing, text, *_words in found if not text],
        {one: named.get(str(one), (NOTHING, one.value)) for one in filters},
        sorted(steps, key=lambda step: step.path.count("/")),
    )


def _narrowed(
    base: Iterable[Listing], filters: Filters | None = None, line: list[Step] | None = None
) -> Narrowed:
    known = {listing.pk: listing for listing in base}
    return Narrowed(
        everything=known.get(Listing.EVERYTHING) or Listing(pk=Listing.EVERYTHING, version=0),
        shape=known[Listing.SHAPE].version if Listing.SHAPE in known else 0,
        filters=filters or {},
        line=line or [],
    )


def _named(filters: Sequence[Filter]) -> Iterator[tuple[Q, Value, F]]:
    """For each filter: which listing, the filter's text, where its title stands."""
    for one in filters:
        if one.key == CATEGORY:
            yield Q(category__path=one.value), Value(str(one)), F("category__title")
        else:
            of_value = Q(attributevalue__attribute__key=one.key, attributevalue__slug=one.value)
            yield of_value, Value(str(one)), F("attributevalue__text")


def _rows(
    listings: QuerySet[Listing],
    text: F | Value = EMPTY,
    title: F | Value = EMPTY,
    translations: F | Value = EMPTY,
) -> QuerySet:
    words = listings.annotate(
        a=Cast(text, TextField()), b=Cast(title, TextField()), c=Cast(translations, TextField())
    )
    return words.values_list("pk", "items", "version", "a", "b", "c")
