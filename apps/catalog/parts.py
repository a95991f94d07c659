"""What an item's page shows of the item alone, kept as HTML by item, version and language: a page made anew because
something else in its category changed renders none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.catalog import shape
from apps.catalog.localized import label_of, localized, shown_value
from apps.catalog.pictures import largest
from apps.catalog.prices import shown_price
from apps.catalog.release import release

KEPT_SECONDS = 24 * 3600
Context = dict[str, Any]


class Parts(NamedTuple):
    """`words`: title, price, description and attributes."""

    pictures: SafeString
    words: SafeString


def parts(own: Mapping[str, Any], language: str) -> Parts:
    """Of a row of views.ITEM_COLUMNS. A changed item has another version, and other attributes another shape."""
    key = f"item:{release()}:{language}:{own['version']}:{own['shape']}"
    kept = cache.get(key)
    if kept is None:
        kept = tuple(str(part) for part in made(own, shape.attributes(own["shape"]), language))
        cache.set(key, kept, KEPT_SECONDS)
    return Parts(*(mark_safe(part) for part in kept))


def made(
    own: Mapping[str, Any], attributes: shape.Attributes, language: str, *, is_preview: bool = False
) -> Parts:
    """A preview is nobody's favourite yet."""
    context = values(own, attributes, language) | {"is_preview": is_preview}
    templates = ("catalog/item_pictures.html", "catalog/item_words.html")
    return Parts(*(render_to_string(template, context) for template in templates))


def values(own: Mapping[str, Any], attributes: shape.Attributes, language: str) -> Context:
    """As plain strings, nothing left to look up."""
    return {
        "id": own["pk"],
        "title": localized(own["title"], own["translations"], "title", language),
        "description": localized(own["description"], own["translations"], "description", language),
        "price": shown_price(own["price"], own["currency"], language),
        "pictures": [picture and {**picture, "largest": largest(picture)} for picture in own["gallery"]],
        "facts": _facts(own["facts"], attributes, language),
    }


def _facts(facts: Sequence[dict[str, str]], attributes: shape.Attributes, language: str) -> list[Context]:
    groups: dict[str, Context] = {}
    for fact in facts:
        if attribute := attributes.get(fact["key"]):
            group = groups.setdefault(fact["key"], {"label": label_of(attribute, language), "values": []})
            url = f"/browse/{fact['key']}/{fact['slug']}" if fact["slug"] else ""
            text = shown_value(fact["text"], fact["kind"], attribute["translations"])
            group["values"].append({"text": text, "url": url})
    return list(groups.values())
