"""Orders of what was found other than by how well it matches: by a key that each item has in the list of everything."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from apps.catalog.models import Listing, ListingEntry
from apps.catalog.paging import EPOCH, MICROSECOND, key_field
from apps.catalog.text import UNPRICED

RELEVANCE = "relevance"
ORDERS = (RELEVANCE, "newest", "title", "price", "-price")
LATEST, HIGHEST = 10**18, 10**12

Match = tuple[str, UUID, int]  # what sorts it, the item, its version


def in_order(found: QuerySet, order: str, language: str) -> list[Match]:
    """All of them, sorted here: they are few."""
    keys = ListingEntry.objects.filter(listing=Listing.EVERYTHING, item=OuterRef("item"))
    field = key_field(order.removeprefix("-"), language)
    rows = found.annotate(key=Subquery(keys.values(field))).values_list("key", "item_id", "version")
    return sorted((_upwards(order, key), item, version) for key, item, version in rows if key is not None)


def _upwards(order: str, key: Any) -> str:
    """A text that sorts upwards as `order` wants the key sorted. What has no price comes last in any order."""
    if isinstance(key, datetime):
        return f"{LATEST - (key - EPOCH) // MICROSECOND:019d}"
    if order == "-price" and not key.startswith(UNPRICED):
        return f"{HIGHEST - Decimal(key[:15]):015.2f}"
    return str(key)
