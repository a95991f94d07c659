"""What an item's page would show of a draft that nobody has saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.catalog import shape
from apps.catalog.attributes import keys_of, unsaved_value
from apps.catalog.drafts import Draft
from apps.catalog.models import Category, Listing
from apps.catalog.shown import shown_pictures
from apps.catalog.trees import line

Context = dict[str, Any]


def row_of(draft: Draft, saved: Mapping[str, Any]) -> tuple[Context, list[Context], shape.Attributes]:
    """A row of views.ITEM_COLUMNS, the line of categories above it, and the attributes with those named
    here for the first time. `saved`: the row of the item as it is, or nothing."""
    version = Listing.objects.filter(pk=Listing.SHAPE).values_list("version", flat=True).first() or 0
    attributes = dict(shape.attributes(version))
    keys, facts = keys_of(fact.name for fact in draft.facts), []
    for fact in draft.facts:
        value, key = unsaved_value(fact.value), keys[fact.name]
        attributes.setdefault(key, {"label": fact.name, "translations": {}})
        facts.append({"key": key, "slug": "", "kind": str(value.kind), "text": value.text})
    row = {
        "pk": saved.get("pk"),
        "slug": saved.get("slug", ""),
        "is_published": saved.get("is_published", False),
        "title": draft.title,
        "description": draft.description,
        "translations": draft.translations,
        "price": draft.price,
        "currency": draft.currency,
        "gallery": shown_pictures(draft.pictures, draft.title),
        "facts": facts,
        "shape": version,
    }
    main = Category.objects.filter(pk__in=draft.categories[:1]).values_list("path", flat=True).first()
    return row, line(main), attributes
