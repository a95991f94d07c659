"""What somebody says an item should be: the input of service.py, from the editor, the API, an import or the demo."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from apps.catalog.models import Item, ItemAttribute, ItemCategory, ItemPicture

FactValue: TypeAlias = str | Decimal | date


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One attribute of one item. `name` as people read it; several facts of one name are several values."""

    name: str
    value: FactValue


@dataclass(frozen=True, kw_only=True)
class Draft:
    """All that an item says. `categories` are ids, the first is where its breadcrumbs lead; `pictures` are assets.

    `translations`: {"es": {"title": …, "description": …}}. `slug` "" makes one from the title.
    """

    title: str
    description: str = ""
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    price: Decimal | None = None
    currency: str = ""
    categories: list[int] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    pictures: list[UUID] = field(default_factory=list)
    slug: str = ""


def draft_of(item: Item) -> Draft:
    """What an item says now."""
    placed = ItemCategory.objects.filter(item=item).values_list("category_id", flat=True)
    values = [
        a.value
        for a in ItemAttribute.objects.filter(item=item)
        .select_related("value__attribute")
        .order_by("position")
    ]
    return Draft(
        title=item.title,
        description=item.description,
        translations=item.translations,
        price=item.price,
        currency=item.currency,
        categories=sorted(placed, key=lambda pk: pk != item.main_category_id),
        facts=[Fact(name=value.attribute.label, value=value.typed) for value in values],
        pictures=list(
            ItemPicture.objects.filter(item=item).order_by("position").values_list("asset_id", flat=True)
        ),
        slug=item.slug,
    )
