"""Which attributes there are: few rows that every page needs, remembered until the catalogue's shape changes."""

from __future__ import annotations

from typing import Any

from apps.catalog.models import Attribute

Attributes = dict[str, dict[str, Any]]

_known: tuple[int, Attributes] = (0, {})


def attributes(version: int) -> Attributes:
    """Every attribute by its key, in order. `version` is that of Listing.SHAPE, read by the page from its database."""
    global _known  # one tuple, replaced whole: threads see the old one or the new one
    if _known[0] != version or not version:
        columns = ("id", "key", "label", "translations", "is_facet", "is_browsable")
        rows = Attribute.objects.order_by("position", "label").values(*columns)
        _known = (version, {row["key"]: row for row in rows})
    return _known[1]
