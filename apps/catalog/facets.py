"""Facets: the categories and attribute values among the items of a list, by which it can be narrowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count
from django.utils.translation import gettext as _

from apps.catalog.filters import CATEGORY, Filter
from apps.catalog.localized import label_of, localized, shown_value
from apps.catalog.models import Listing, ListingEntry
from apps.catalog.shape import Attributes

SAMPLE = 300  # items: what is counted at most, however long the list
COUNTED = 150  # listings, the most frequent ones
CHOICES = 8  # of one facet
KEPT_SECONDS = 24 * 3600

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


def of_listing(listing: Listing) -> Counted:
    """What is frequent in a listing; kept until the listing changes."""
    key = f"facets:{listing.version}"
    counted: Counted | None = cache.get(key)
    if counted is None:
        counted = of_items(newest(listing))
        cache.set(key, counted, KEPT_SECONDS)
    return counted


def newest(listing: Listing) -> list[UUID]:
    rows = ListingEntry.objects.filter(listing=listing.pk).order_by("-published_at", "-item_id")
    return list(rows.values_list("item_id", flat=True)[:SAMPLE])


def of_items(items: Sequence[UUID]) -> Counted:
    """The listings most of these items stand in, with what they are called."""
    rows = ListingEntry.objects.filter(item__in=items[:SAMPLE]).values("listing_id").annotate(n=Count("*"))
    counts = dict(rows.order_by("-n", "listing_id").values_list("listing_id", "n")[:COUNTED]) if items else {}
    if not counts:
        return []
    labels = Listing.objects.filter(pk__in=counts).exclude(pk=Listing.EVERYTHING).values(*LABELS)
    return sorted(((row, counts[row["pk"]]) for row in labels), key=lambda pair: (-pair[1], pair[0]["pk"]))


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
