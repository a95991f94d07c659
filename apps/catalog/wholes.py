"""An item together with what it says, for lists of items: put together from drafts or read from the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from apps.catalog import kept
from apps.catalog.attributes import values_of
from apps.catalog.bulk import insert
from apps.catalog.drafts import Draft
from apps.catalog.models import AttributeValue, Category, Item, ItemAttribute, ItemCategory, ItemPicture


@dataclass
class Whole:
    """`categories` it was placed in, the main one first; `values` with their attributes, in order."""

    item: Item
    categories: list[Category] = field(default_factory=list)
    values: list[AttributeValue] = field(default_factory=list)
    pictures: list[UUID] = field(default_factory=list)


def put_together(items: Sequence[Item], drafts: Sequence[Draft]) -> list[Whole]:
    """Items as their drafts say. Category ids that don't exist are left out. Call under kept.lock()."""
    categories = {
        category.pk: category
        for some in kept.chunks({pk for draft in drafts for pk in draft.categories})
        for category in Category.objects.filter(pk__in=some)
    }
    values = values_of(fact for draft in drafts for fact in draft.facts)
    return [
        Whole(
            item=item,
            categories=[categories[pk] for pk in dict.fromkeys(draft.categories) if pk in categories],
            values=list({values[fact].pk: values[fact] for fact in draft.facts}.values()),
            pictures=list(dict.fromkeys(draft.pictures)),
        )
        for item, draft in zip(items, drafts, strict=True)
    ]


def load(items: Iterable[Item]) -> list[Whole]:
    """Items as the tables say."""
    wholes = {item.pk: Whole(item) for item in items}
    for some in kept.chunks(wholes):
        for placed in ItemCategory.objects.filter(item__in=some).select_related("category"):
            wholes[placed.item_id].categories.append(placed.category)
        rows = ItemAttribute.objects.filter(item__in=some).select_related("value__attribute")
        for row in rows.order_by("item", "position"):
            wholes[row.item_id].values.append(row.value)
        for picture in ItemPicture.objects.filter(item__in=some).order_by("item", "position"):
            wholes[picture.item_id].pictures.append(picture.asset_id)
    for whole in wholes.values():
        whole.categories.sort(
            key=lambda category: (category.pk != whole.item.main_category_id, category.path)
        )
    return list(wholes.values())


def save_parts(wholes: Sequence[Whole], *, new: bool) -> None:
    """Write where the items are placed, their attributes and pictures; what they had before goes."""
    if not new:
        for some in kept.chunks(whole.item.pk for whole in wholes):
            for table in (ItemCategory, ItemAttribute, ItemPicture):
                table._default_manager.filter(item__in=some).delete()
    parts: defaultdict[type, list] = defaultdict(list)
    for whole in wholes:
        key = {"item_id": whole.item.pk}
        parts[ItemCategory] += [ItemCategory(**key, category=category) for category in whole.categories]
        parts[ItemAttribute] += [
            ItemAttribute(**key, position=position, attribute_id=value.attribute_id, value=value)
            for position, value in enumerate(whole.values)
        ]
        parts[ItemPicture] += [
            ItemPicture(**key, position=position, asset_id=asset_id)
            for position, asset_id in enumerate(whole.pictures)
        ]
    for rows in parts.values():
        insert(rows)
