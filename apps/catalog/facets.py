"""Facets: the categories and attribute values among the items of a list, by which it can be narrowed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from apps.catalog.filters import CATEGORY, Filter
from apps.catalog.localized import label_of, localized, shown_value
from apps.catalog.models import Listing, SearchDocument
from apps.catalog.shape import Attributes
from apps.catalog.wordings import document_id

SAMPLE = 200  # items: what is counted at most, however long the list
NAMED = 16, 64  # categories and attribute values: the most frequent ones
CHOICES = 8  # of one facet

LABELS = (
    *("pk", "category__path", "category__title", "category__translations"),
    *("attributevalue__attribute_id", "attributevalue__slug", "attributevalue__kind", "attributevalue__text"),
)
# A row of LABELS and how many items of the sample stand in that listing.
Counted = list[tuple[dict[str, Any], int]]


@dataclass(frozen=True)
class Choice:
    """`items` is None where only a sample was counted: then the order alone says what is frequent."""

    filter: Filter
    title: str
    items: int | None


@dataclass(frozen=True)
class Facet:
    label: str
    choices: list[Choice]


def of_items(items: Sequence[UUID]) -> Counted:
    """The categories and values most of these items have, with what they are called."""
    ids = [document_id(item) for item in items[:SAMPLE]]
    documents = SearchDocument.objects.filter(pk__in=ids).values_list("places", flat=True)
    counts = Counter(place for places in documents for place in places.split())
    if not counts:
        return []
    frequent = [
        *_most(counts, "c", NAMED[0]),
        *_most(counts, "v", NAMED[1]),
    ]
    labels = {
        row["pk"]: row for row in Listing.objects.filter(pk__in=[pk for pk, _n in frequent]).values(*LABELS)
    }
    return [(labels[pk], n) for pk, n in frequent if pk in labels]


def _most(counts: Counter[str], mark: str, most: int) -> list[tuple[int, int]]:
    marked = ((n, int(place[1:])) for place, n in counts.items() if place[0] == mark)
    return [(pk, n) for n, pk in nlargest(most, marked)]


def facets(
    counted: Counted, attributes: Attributes, language: str, *, whole: bool, without: Iterable[Filter]
) -> list[Facet]:
    """Those of which there is something to choose: categories first, then attributes in their order.

    `whole`: all items of the list were counted. `without`: what the list is narrowed by already.
    """
    chosen = set(without)
    groups: defaultdict[str, list[Choice]] = defaultdict(list)
    keys = {row["id"]: key for key, row in attributes.items() if row["is_facet"]}
    for row, items in counted:
        choice = _choice(row, keys, language, items if whole else None)
        if choice and choice.filter not in chosen and len(groups[choice.filter.key]) < CHOICES:
            groups[choice.filter.key].append(choice)
    labels = {CATEGORY: _("Category")} | {key: label_of(row, language) for key, row in attributes.items()}
    return [Facet(label, groups[key]) for key, label in labels.items() if len(groups[key]) > 1]


def _choice(row: dict[str, Any], keys: dict[int, str], language: str, items: int | None) -> Choice | None:
    if path := row["category__path"]:
        title = localized(row["category__title"], row["category__translations"], "title", language)
        return Choice(Filter(CATEGORY, path), title, items)
    key = keys.get(row["attributevalue__attribute_id"])
    if key is None:
        return None
    shown = shown_value(row["attributevalue__text"], row["attributevalue__kind"])
    return Choice(Filter(key, row["attributevalue__slug"]), shown, items)
