"""The part of an item's address that is its own."""

from __future__ import annotations

from collections.abc import Sequence

from apps.catalog import kept
from apps.catalog.drafts import Draft
from apps.catalog.models import Item
from apps.catalog.text import slug_of

LENGTH = 180


def give_slugs(items: Sequence[Item], drafts: Sequence[Draft]) -> None:
    """Give each item the slug its draft asks for, or one from its title; one that is taken gets a suffix.

    Call under kept.lock(), so that nobody takes one in between.
    """
    wanted = [_wanted(item, draft) for item, draft in zip(items, drafts, strict=True)]
    taken = {
        slug: pk
        for some in kept.chunks(set(wanted))
        for slug, pk in Item.objects.filter(slug__in=some).values_list("slug", "pk")
    }
    for item, slug in zip(items, wanted, strict=True):
        if taken.setdefault(slug, item.pk) != item.pk:
            slug = f"{slug}-{item.pk.hex[:8]}"
        item.slug = slug


def _wanted(item: Item, draft: Draft) -> str:
    # An item keeps its address when its title changes: others have linked to it.
    return slug_of(draft.slug, LENGTH) if draft.slug else item.slug or slug_of(draft.title, LENGTH)
