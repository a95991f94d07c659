"""Cards of items, kept as HTML by item, version and language: a list asks for all of its cards at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

from django.core.cache import cache
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.localized import localized, subtitle_of
from apps.catalog.models import Item
from apps.catalog.prices import shown_price
from apps.catalog.release import release

COLUMNS = ("slug", "title", "translations", "subtitle", "subtitles", "price", "currency", "cover")
KEPT_SECONDS = 7 * 24 * 3600
TINTS = 6

Versions = Sequence[tuple[UUID, int]]


def cards(items: Versions, language: str) -> list[SafeString]:
    """The cards of items, given with their versions, in their order. A changed item has another version, so
    another card; only cards that nobody has seen yet ask the database."""
    keys = {pk: f"card:{release()}:{language}:{version}" for pk, version in items}
    kept = cache.get_many(keys.values())
    missing = [pk for pk, key in keys.items() if key not in kept]
    if missing:
        rows = Item.objects.filter(pk__in=missing).values("pk", *COLUMNS)
        template = get_template("catalog/card.html")
        made = {keys[row["pk"]]: template.render(values(row, language)) for row in rows}
        cache.set_many(made, KEPT_SECONDS)
        kept |= made
    return [mark_safe(kept[key]) for key in keys.values() if key in kept]


def values(row: dict[str, Any], language: str) -> dict[str, Any]:
    """What catalog/card.html shows of a row of COLUMNS: plain values, nothing left to look up."""
    return {
        "id": row["pk"],
        "url": f"/items/{row['slug']}",
        "title": localized(row["title"], row["translations"], "title", language),
        "subtitle": subtitle_of(row, language),
        "price": shown_price(row["price"], row["currency"], language),
        "has_pictures": row["cover"] is not None,
        "picture": row["cover"],
        "tint": crc32(row["subtitle"].encode()) % TINTS,
    }
