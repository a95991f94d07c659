"""What a list is narrowed by: `?filter=artist:blake&filter=artist:turner&filter=.in:people/adults`.

An item must have one of the values of each attribute that is named, and stand in one of the categories.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.catalog.categories import LEVELS, paths_to
from apps.catalog.contract import InvalidQuery
from apps.catalog.localized import Translations, localized, shown_value
from apps.catalog.models import Kind, Listing
from apps.catalog.shape import attributes

# The key that means a category's path; an attribute can't have it, for keys of attributes hold no dot.
CATEGORY = ".in"
MOST = 12
EMPTY = Value("")
# Every page asks for these two, so the query is built once.
BASE = Listing.objects.filter(pk__in=[Listing.EVERYTHING, Listing.SHAPE])


@dataclass(frozen=True, order=True)
class Filter:
    """`value` is the slug of an attribute's value, or the path of a category."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}:{self.value}"


Filters = dict[Filter, tuple[Listing, str]]
Groups = Mapping[str, Sequence[Listing]]  # by the key of their filters: an item stands in one of each
NO_GROUPS: Groups = {}


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
    def groups(self) -> Groups:
        found: dict[str, list[Listing]] = {one.key: [] for one in self.filters}
        for one, (listing, _title) in self.filters.items():
            found[one.key] += [listing] if listing.pk else []
        return {key: listings or [NOTHING] for key, listings in found.items()}

    @property
    def versions(self) -> dict[int, int]:
        """Of EVERYTHING, which changes with any item, and SHAPE: what a page of no single listing shows."""
        return {Listing.EVERYTHING: self.everything.version, Listing.SHAPE: self.shape}


NOTHING = Listing(pk=0, items=0, version=0)


def parse(texts: Iterable[str]) -> list[Filter]:
    """Each once, in an order that is always the same, MOST of them. What says nothing is left out; of a category and
    one above it the lower counts.
    """
    pairs = (text.partition(":") for text in texts)
    found = {Filter(key, value) for key, _colon, value in pairs if key and value}
    above = {
        Filter(CATEGORY, path) for one in found if one.key == CATEGORY for path in paths_to(one.value)[:-1]
    }
    return sorted(found - above)[:MOST]


def read_strictly(texts: Sequence[str]) -> Narrowed:
    """As `read`, for programs. Raises InvalidQuery for what can't be meant."""
    if len(set(texts)) > MOST:
        raise InvalidQuery(_("Send at most %(most)d filters.") % {"most": MOST})
    if not all(key and value for key, _colon, value in (text.partition(":") for text in texts)):
        raise InvalidQuery(_("A filter is an attribute and one of its values: artist:turner."))
    narrowed = read(parse(texts))
    for key in narrowed.groups:
        if key != CATEGORY and key not in attributes(narrowed.shape):
            raise InvalidQuery(_("There is no attribute “%(key)s”.") % {"key": key})
    return narrowed


def read(filters: Sequence[Filter] = (), path: str = "") -> Narrowed:
    """All of it in one query. What a filter names may be gone by now: its listing is NOTHING then.

    `path`: a category to be told of with all above it.
    """
    if not filters and not path:
        return _narrowed(BASE.all())
    queries = [_rows(Listing.objects.filter(which), *words) for which, words in _named(filters)]
    if path:
        line = Listing.objects.filter(category__path__in=paths_to(path)[:LEVELS])
        queries.append(_rows(line, F("category__path"), F("category__title"), F("category__translations")))
    rows = list(_rows(BASE).union(*queries, all=True))
    found = [(Listing(pk=pk, items=items, version=version), *words) for pk, items, version, *words in rows]
    named: dict[str, tuple[Listing, str]] = {}
    steps: list[Step] = []
    for listing, text, title, said in found:
        translations = json.loads(said or "{}")
        if ":" in text:  # a filter has a colon, and a path has none
            named[text] = listing, _title(text, title, translations)
        elif text:
            steps.append(Step(listing, text, title, translations))
    return _narrowed(
        [listing for listing, text, *_words in found if not text],
        {one: named.get(str(one), (NOTHING, one.value)) for one in filters},
        sorted(steps, key=lambda step: step.path.count("/")),
    )


def _title(text: str, title: str, translations: Translations) -> str:
    if text.startswith(f"{CATEGORY}:"):
        return localized(title, translations, "title", get_language() or "en")
    return shown_value(title, Kind.TEXT, translations)


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


def _named(filters: Sequence[Filter]) -> Iterator[tuple[Q, tuple[Concat, F, F]]]:
    """For the filters of each key: which listings, the filter's text, where its title and translations stand."""
    for key, group in groupby(filters, attrgetter("key")):
        values, begin = [one.value for one in group], Value(f"{key}:")
        if key == CATEGORY:
            words = Concat(begin, "category__path"), F("category__title"), F("category__translations")
            yield Q(category__path__in=values), words
        else:
            of_values = Q(attributevalue__attribute__key=key, attributevalue__slug__in=values)
            text, translations = F("attributevalue__text"), F("attributevalue__attribute__translations")
            yield of_values, (Concat(begin, "attributevalue__slug"), text, translations)


def _rows(
    listings: QuerySet[Listing],
    text: F | Value | Concat = EMPTY,
    title: F | Value = EMPTY,
    translations: F | Value = EMPTY,
) -> QuerySet:
    words = listings.annotate(
        a=Cast(text, TextField()), b=Cast(title, TextField()), c=Cast(translations, TextField())
    )
    return words.values_list("pk", "items", "version", "a", "b", "c")
