"""What somebody may be about to type: categories, attribute values and titles that begin so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from apps.catalog.localized import localized, shown_value, subtitle_of
from apps.catalog.models import Item, Listing, ListingEntry, ListingWord
from apps.catalog.search import QUERY_LENGTH, QUERY_WORDS, search
from apps.catalog.text import SORT_LENGTH, words

LEAST = 2  # letters
NAMES = 4
TITLES = 6
LAST = "\U0010ffff"
ATTRIBUTE = ("key", "label", "translations", "is_browsable")


@dataclass(frozen=True)
class Suggestion:
    title: str
    note: str
    url: str


def suggest(query: str, documents: int, language: str) -> list[Suggestion]:
    """Names with the most items first, then titles."""
    terms = words(query[:QUERY_LENGTH])[:QUERY_WORDS]
    if not terms or len(terms[-1]) + len(terms) <= LEAST:
        return []
    return [*_names(terms, language), *_titles(query, terms, documents, language)]


def _names(terms: Sequence[str], language: str) -> list[Suggestion]:
    first, *others = sorted(terms, key=len, reverse=True)
    rows = ListingWord.objects.filter(_begins(first), listing__items__gt=0)
    if others:
        same = ListingWord.objects.filter(listing=OuterRef("listing"))
        rows = rows.filter(reduce(and_, (Exists(same.filter(_begins(term))) for term in others)))
    columns = (
        *(
            "listing_id",
            "listing__category__path",
            "listing__category__title",
            "listing__category__translations",
        ),
        *("listing__attributevalue__slug", "listing__attributevalue__text", "listing__attributevalue__kind"),
        *(f"listing__attributevalue__attribute__{name}" for name in ATTRIBUTE),
    )
    found = rows.order_by("-listing__items", "listing").values(*columns)[: NAMES * 2]
    by_listing = {row["listing_id"]: row for row in found}
    return [_name(row, language) for row in list(by_listing.values())[:NAMES]]


def _begins(term: str) -> Q:
    return Q(word__gte=term, word__lt=term + LAST)


def _name(row: dict[str, Any], language: str) -> Suggestion:
    if path := row["listing__category__path"]:
        titles = row["listing__category__title"], row["listing__category__translations"]
        return Suggestion(localized(*titles, "title", language), _("Category"), f"/categories/{path}")
    key, slug = row["listing__attributevalue__attribute__key"], row["listing__attributevalue__slug"]
    translations = row["listing__attributevalue__attribute__translations"]
    title = shown_value(
        row["listing__attributevalue__text"], row["listing__attributevalue__kind"], translations
    )
    label = localized(row["listing__attributevalue__attribute__label"], translations, "label", language)
    has_page = row["listing__attributevalue__attribute__is_browsable"]
    return Suggestion(title, label, f"/browse/{key}/{slug}" if has_page else f"/browse?filter={key}:{slug}")


def _titles(query: str, terms: Sequence[str], documents: int, language: str) -> list[Suggestion]:
    column = "title_es" if language == "es" else "title_en"
    begin = " ".join(terms)[:SORT_LENGTH]
    entries = ListingEntry.objects.filter(
        **{"listing": Listing.EVERYTHING, f"{column}__gte": begin, f"{column}__lt": begin + LAST}
    )
    items = list(entries.order_by(column, "item_id").values_list("item_id", flat=True)[:TITLES])
    if len(items) < TITLES:
        found = search(query, documents=documents, limit=TITLES)
        items = list(dict.fromkeys([*items, *([] if found.more else found.ids)]))[:TITLES]
    columns = ("pk", "slug", "title", "translations", "subtitle", "subtitles")
    rows = {row["pk"]: row for row in Item.objects.filter(pk__in=items).values(*columns)}
    return [
        Suggestion(
            localized(row["title"], row["translations"], "title", language),
            subtitle_of(row, language),
            f"/items/{row['slug']}",
        )
        for row in (rows[pk] for pk in items if pk in rows)
    ]
