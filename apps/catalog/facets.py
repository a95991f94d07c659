"""Facets: the categories and attribute values among the items of a list, by which it can be narrowed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from apps.catalog.filters import CATEGORY, Filter
from apps.catalog.localized import localized, shown_value
from apps.catalog.models import Listing, SearchDocument
from apps.catalog.text import fold
from apps.catalog.wordings import PRICED, document_id

SAMPLE = 200  # items: what is counted at most, however long the list
NAMED = 16, 64  # categories and attribute values: the most frequent ones
CHOICES = 8  # of one facet

ATTRIBUTE = tuple(
    f"attributevalue__attribute__{name}" for name in ("key", "label", "translations", "position")
)
LABELS = (
    *("pk", "items", "category__path", "category__title", "category__translations"),
    *("attributevalue__slug", "attributevalue__kind", "attributevalue__text", *ATTRIBUTE),
)


@dataclass(frozen=True)
class Counted:
    """Rows of LABELS, each with how many items of the sample stand in that listing, the most frequent first."""

    rows: list[tuple[dict[str, Any], int]] = field(default_factory=list)
    has_prices: bool = False


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
    return of_documents([document_id(item) for item in items])


def of_documents(ids: Sequence[int]) -> Counted:
    documents = SearchDocument.objects.filter(pk__in=ids[:SAMPLE])
    return of_places(list(documents.values_list("places", flat=True))) if ids else Counted()


def of_places(documents: Sequence[str]) -> Counted:
    """`documents`: the `places` of each. What all of them have is left out: it narrows nothing."""
    counts = Counter(place for places in documents for place in places.split())
    has_prices = PRICED in counts
    dividing = {place: n for place, n in counts.items() if n < len(documents)}
    frequent = [*_most(dividing, "c", NAMED[0]), *_most(dividing, "v", NAMED[1])]
    if not frequent:
        return Counted(has_prices=has_prices)
    rows = Listing.objects.filter(pk__in=[pk for pk, _n in frequent]).values(*LABELS)
    labels = {row["pk"]: row for row in rows}
    return Counted([(labels[pk], n) for pk, n in frequent if pk in labels], has_prices)


def _most(counts: Mapping[str, int], mark: str, most: int) -> list[tuple[int, int]]:
    marked = ((n, int(place[1:])) for place, n in counts.items() if place[0] == mark)
    return [(pk, n) for n, pk in nlargest(most, marked)]


def facets(counted: Counted, language: str, *, whole: bool, everything: bool = False) -> list[Facet]:
    """Those of which there is something to choose: categories first, then attributes in their order.

    The choices of each: the most frequent first, the equally frequent by name.
    `whole`: all items of the list were counted. `everything`: the list is that of all items, so what each listing keeps
    of its own number is the number, however many there are.
    """
    groups: defaultdict[tuple[int, str], list[tuple[int, str, Choice]]] = defaultdict(list)
    for row, of_sample in counted.rows:
        items = row["items"] if everything else of_sample
        group, choice = _choice(row, language, items if whole or everything else None)
        groups[group].append((-items, fold(choice.title), choice))
    return [
        Facet(label, [choice for *_order, choice in sorted(found, key=itemgetter(0, 1))[:CHOICES]])
        for (_position, label), found in sorted(groups.items(), key=itemgetter(0))
        if len(found) > 1
    ]


def _choice(row: dict[str, Any], language: str, items: int | None) -> tuple[tuple[int, str], Choice]:
    """The choice with the group it belongs to: where that stands, and its label."""
    if path := row["category__path"]:
        title = localized(row["category__title"], row["category__translations"], "title", language)
        return (-1, _("Category")), Choice(Filter(CATEGORY, path), title, items)
    key, label, translations, position = (row[name] for name in ATTRIBUTE)
    shown = shown_value(row["attributevalue__text"], row["attributevalue__kind"])
    choice = Choice(Filter(key, row["attributevalue__slug"]), shown, items)
    return (position, localized(label, translations, "label", language)), choice
