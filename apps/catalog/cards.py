"""Cards of items, kept as HTML by item, version and language: a list asks for all of its cards at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zlib import crc32

from django.core.cache import cache
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.localized import localized
from apps.catalog.prices import shown_price
from apps.catalog.release import release

COLUMNS = ("slug", "title", "translations", "subtitle", "price", "currency", "cover", "version")
ENTRY_COLUMNS = tuple(f"item__{name}" for name in COLUMNS)
KEPT_SECONDS = 7 * 24 * 3600
TINTS = 6


def cards(rows: Sequence[dict[str, Any]], language: str) -> list[SafeString]:
    """The cards of rows of COLUMNS, in their order. A changed item has another version, so another card."""
    keys = [f"card:{release()}:{language}:{row['version']}" for row in rows]
    kept = cache.get_many(keys)
    missing = {key: _render(row, language) for key, row in zip(keys, rows, strict=True) if key not in kept}
    if missing:
        cache.set_many(missing, KEPT_SECONDS)
    return [mark_safe(kept.get(key) or missing[key]) for key in keys]


def of_entries(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ListingEntry with ENTRY_COLUMNS as rows of COLUMNS."""
    return [{name: row[f"item__{name}"] for name in COLUMNS} for row in rows]


def _render(row: dict[str, Any], language: str) -> str:
    return get_template("catalog/card.html").render(
        {
            "url": f"/items/{row['slug']}",
            "title": localized(row["title"], row["translations"], "title", language),
            "subtitle": row["subtitle"],
            "price": shown_price(row["price"], row["currency"], language),
            "has_pictures": row["cover"] is not None,
            "picture": row["cover"],
            "tint": crc32(row["subtitle"].encode()) % TINTS,
        }
    )
