"""Search: every word (or its beginning) must stand in the item, whatever its accents, in any language.

A full-text index finds rare words at once but costs a microsecond per match: 60 ms for a word that stands in
60,000 items, to show 24. So the number of documents of each word is kept, and the rarest one decides:
- rare (at most COMMON): the index gives its documents, the other words are looked for in their text;
- all common: matches are everywhere, so documents are read in the order of their random ids until a page is full.
Only of rare words are all matches known, and can be sorted by something else than how well they match.
Either way a page costs the same in a catalogue of one thousand items and of one hundred thousand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from math import prod
from operator import attrgetter, or_
from uuid import UUID

from django.db import connections, router
from django.db.models import Case, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext as _

from apps.catalog import samples
from apps.catalog.contract import InvalidQuery
from apps.catalog.engines import ENGINES, Engine
from apps.catalog.filters import NO_GROUPS, Groups
from apps.catalog.models import Listing, ListingEntry, SearchDocument, SearchWord
from apps.catalog.paging import Key, how_many, key_field, read_cursor, stands_in, write_cursor
from apps.catalog.samples import LIST, SAMPLE, Part, Sample, of_documents
from apps.catalog.sorting import ORDERS, RELEVANCE, in_order
from apps.catalog.text import words
from apps.catalog.wordings import MARK, document_id

COMMON = 1000
# Documents, to fill a page of common words before the index is asked after all: twice as many as that would read, for
# one by one it costs five times as much, but not fewer than the first number nor more than the second.
READ_AT_MOST = 4000, 20_000
READ_FOR_SAMPLE = 1000  # documents, to have some matches of common words for facets
QUERY_LENGTH = 200
QUERY_WORDS = 8
LIMIT = 100
IDS = 2**63
CURSOR = re.compile(r"([0-2])-([0-9a-f]{1,16})")
ORDINARY = 2  # the tier of what doesn't match by its title

Place = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """A page of matches with their versions. `total` is exact unless `more`: then there are more than that.

    Where they aren't `sortable` they come in the order of RELEVANCE, whatever was asked for.

    `samples`: of what was found, for facets, and by the key of each group of what would be without it.
    """

    items: list[tuple[UUID, int]] = field(default_factory=list)
    next: str | None = None
    total: int = 0
    more: bool = False
    sortable: bool = True
    samples: dict[str, Sample] = field(default_factory=dict)

    @property
    def ids(self) -> list[UUID]:
        return [pk for pk, _version in self.items]


@dataclass(frozen=True)
class Narrowing:
    """What a document must have: a word that begins so, or a place in one of these listings; and how many have it."""

    documents: int
    word: str = ""
    listings: Sequence[Listing] = ()


def search(
    query: str,
    *,
    documents: int,
    limit: int = 24,
    after: str | None = None,
    within: Groups = NO_GROUPS,
    order: str = RELEVANCE,
    language: str = "en",
    faceted: bool = False,
) -> Found:
    """Published items that have every word of `query` and stand in one listing of each group of `within`.

    `documents` is how many items are published: Listing.EVERYTHING's count. `faceted`: with samples for facets.

    Raises InvalidQuery for a limit outside 1..100, an order that isn't there and a foreign `after`.
    """
    if not 1 <= limit <= LIMIT:
        raise InvalidQuery(_("Ask for 1 to %(most)d items at a time.") % {"most": LIMIT})
    if order not in ORDERS:
        raise InvalidQuery(_("Items can't be sorted by that."))
    documents = max(documents, 1)
    start = _place(after) if order == RELEVANCE else None
    start_sorted = None if order == RELEVANCE else read_cursor(after, _sorted_by(order, language))
    terms = terms_of(query)
    if not terms:
        return Found()
    groups = {
        key: Narrowing(min(documents, how_many(group)), listings=group) for key, group in within.items()
    }
    narrowings = sorted([*_narrowings(terms), *groups.values()], key=attrgetter("documents"))
    if narrowings[0].documents == 0:
        return Found()
    wider = {
        key: [_some([other for other in narrowings if other is not group], documents)]
        for key, group in (groups if faceted else {}).items()
    }
    if narrowings[0].documents > COMMON:
        if start_sorted:  # they were fewer a page ago
            raise _unknown()
        sample = SAMPLE if faceted else 0
        return _spread(narrowings, documents, limit, start, sample, wider)
    if order == RELEVANCE:
        found, ids = _ranked(narrowings, terms, limit, start)
    else:
        found, ids = _sorted(narrowings, order, language, limit, start_sorted)
    return replace(found, samples=samples.read({LIST: of_documents(ids), **wider})) if faceted else found


def terms_of(query: str) -> list[str]:
    """The words a query asks for, each once, without a plural's ending: "Boats" also finds a boat."""
    return list(dict.fromkeys(_singular(word) for word in words(query[:QUERY_LENGTH])))[:QUERY_WORDS]


def _singular(word: str) -> str:
    if len(word) >= 6 and word.endswith("es"):
        return word[:-2]
    return word[:-1] if len(word) >= 4 and word.endswith("s") and not word.endswith("ss") else word


def _narrowings(terms: Sequence[str]) -> list[Narrowing]:
    ranges = [Q(word__gte=term, word__lt=term + "\U0010ffff") for term in terms]
    sums = {
        f"n{number}": Sum("documents", filter=condition, default=0) for number, condition in enumerate(ranges)
    }
    kept = SearchWord.objects.filter(reduce(or_, ranges)).aggregate(**sums)
    return [Narrowing(kept[f"n{number}"], word=term) for number, term in enumerate(terms)]


def _engine() -> Engine:
    return ENGINES[connections[router.db_for_read(SearchDocument)].vendor]


def _has(narrowing: Narrowing) -> Q:
    return (
        stands_in(narrowing.listings) if narrowing.listings else Q(words__contains=f" {MARK}{narrowing.word}")
    )


def _narrowed(rest: Sequence[Narrowing]) -> QuerySet[SearchDocument]:
    return SearchDocument.objects.filter(*(_has(narrowing) for narrowing in rest))


# A rare word: all its matches, those first that have the words in the title


def _ranked(
    narrowings: list[Narrowing], terms: list[str], limit: int, start: Place | None
) -> tuple[Found, list[int]]:
    """With the documents of which facets are counted."""
    matches = list(
        _of_rarest(narrowings)
        .annotate(tier=_tier(terms))
        .order_by("tier", "pk")
        .values_list("tier", "pk", "item_id", "version")[: COMMON + 1]
    )
    rest = matches if start is None else [match for match in matches if match[:2] > start]
    found = Found(
        items=[match[2:] for match in rest[:limit]],
        next=_cursor(rest[limit - 1][:2]) if len(rest) > limit else None,
        total=min(len(matches), COMMON),
        more=len(matches) > COMMON,
    )
    return found, [match[1] for match in matches[:SAMPLE]]


def _sorted(
    narrowings: list[Narrowing], order: str, language: str, limit: int, start: Key | None
) -> tuple[Found, list[int]]:
    """The same in another order."""
    matches = in_order(_of_rarest(narrowings), order, language)
    rest = [match for match in matches if start is None or match[:2] > (start.value, start.item_id)]
    found = Found(
        items=[match[1:] for match in rest[:limit]],
        next=write_cursor(rest[limit - 1], _sorted_by(order, language)) if len(rest) > limit else None,
        total=len(matches),
    )
    return found, [document_id(item) for _key, item, _version in matches[:SAMPLE]]


def _sorted_by(order: str, language: str) -> str:
    """What a cursor names: a place among titles in one language is none among those in another."""
    return key_field(order, language) if order == "title" else order


def _of_rarest(narrowings: list[Narrowing]) -> QuerySet[SearchDocument]:
    rarest, *rest = narrowings
    if rarest.listings:
        entries = ListingEntry.objects.filter(listing__in=[listing.pk for listing in rarest.listings])
        return _narrowed(rest).filter(item__in=entries.values("item"))
    return _narrowed(rest).filter(_engine().matching(rarest.word))


def _tier(terms: list[str]) -> Case:
    whole = Q(*(Q(title_words__contains=f" {term} ") for term in terms))
    begun = Q(*(Q(title_words__contains=f" {term}") for term in terms))
    return Case(
        When(whole, then=Value(0)),
        When(begun, then=Value(1)),
        default=Value(ORDINARY),
        output_field=IntegerField(),
    )


# Common words: read documents in the order of their ids, which is no order, until the page is full


def _spread(
    narrowings: list[Narrowing],
    documents: int,
    limit: int,
    start: Place | None,
    sample: int,
    wider: Mapping[str, list[Part]],
) -> Found:
    first = 0 if start is None else start[1] + 1
    read_at_most = sorted([*READ_AT_MOST, 2 * narrowings[0].documents])[1]
    last = first + IDS * read_at_most // documents
    share = prod(narrowing.documents / documents for narrowing in narrowings)
    wanted = max(limit + 1, min(sample, int(READ_FOR_SAMPLE * share)))
    read: dict[str, Sample] = {LIST: Sample({})}
    if wanted / share <= read_at_most and last < IDS:
        some = _in_order(_narrowed(narrowings).filter(pk__lt=last), first)
        read = samples.read({LIST: [Part(some, wanted, to_the_end=False)], **wider})
    if len(read[LIST].items) <= limit:
        some = _in_order(_of_rarest(narrowings), first)
        rest = {key: parts for key, parts in wider.items() if key not in read}
        read |= samples.read({LIST: [Part(some, wanted, to_the_end=start is None)], **rest})
    rows = sorted((document_id(item), item, version) for item, (version, _places) in read[LIST].items.items())
    page, more = rows[:limit], len(rows) > limit
    return Found(
        items=[row[1:] for row in page],
        next=_cursor((ORDINARY, page[-1][0])) if more else None,
        total=COMMON if more or start is not None else len(rows),
        more=more or start is not None,
        sortable=False,
        samples=read,
    )


def _some(narrowings: list[Narrowing], documents: int) -> Part:
    """Some of the matches: all, if they are few."""
    if narrowings[0].documents <= COMMON:
        return Part(_in_order(_of_rarest(narrowings)))
    last = min(IDS - 1, IDS * READ_FOR_SAMPLE // documents)
    return Part(_in_order(_narrowed(narrowings).filter(pk__lt=last)), to_the_end=False)


def _in_order(found: QuerySet[SearchDocument], first: int = 0) -> QuerySet[SearchDocument]:
    return found.filter(pk__gte=first).order_by("pk")


# Places in the order of matches


def _cursor(place: Place) -> str:
    return f"{place[0]}-{place[1]:x}"


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    match = CURSOR.fullmatch(cursor)
    if match is None:
        raise _unknown()
    return int(match[1]), int(match[2], 16)


def _unknown() -> InvalidQuery:
    return InvalidQuery(_("This page of results is not known. Start the search again."))
