"""The part of an item's address that is its own."""

from __future__ import annotations

from collections.abc import Sequence

from apps.catalog import kept
from apps.catalog.drafts import Draft
from apps.catalog.models import FormerSlug, Item
from apps.catalog.text import slug_of

LENGTH = 180
SUFFIX = 9  # characters


def give_slugs(items: Sequence[Item], drafts: Sequence[Draft]) -> None:
    """Give each item the slug its draft asks for, or one from its title; one that is taken gets a suffix.

    The slug an item had leads to it from then on. Call under kept.lock(), so that nobody takes one in between.
    """
    wanted = [_wanted(item, draft) for item, draft in zip(items, drafts, strict=True)]
    taken = {
        slug: pk
        for some in kept.chunks(set(wanted))
        for slug, pk in Item.objects.filter(slug__in=some).values_list("slug", "pk")
    }
    renamed = []
    for item, slug in zip(items, wanted, strict=True):
        if taken.setdefault(slug, item.pk) != item.pk:
            slug = f"{slug}-{item.pk.hex[:8]}"
        if item.slug != slug:
            renamed.append((item.slug, item))
        item.slug = slug
    _remember(renamed)


def current(former: str) -> str | None:
    """The slug that a published item has now which had that one; None where there is none."""
    rows = FormerSlug.objects.filter(slug=former, item__is_published=True)
    return rows.values_list("item__slug", flat=True).first()


def _remember(renamed: Sequence[tuple[str, Item]]) -> None:
    """`renamed`: items that have another slug than before, and that one, empty where the item is new."""
    # What is an address of today leads nowhere else, also when its item is withdrawn.
    today = {item.slug for _slug, item in renamed}
    left = [FormerSlug(slug=slug, item=item) for slug, item in renamed if slug and slug not in today]
    for some in kept.chunks(today | {row.slug for row in left}):
        FormerSlug.objects.filter(slug__in=some).delete()
    FormerSlug.objects.bulk_create(left, batch_size=kept.IN_LIMIT)


def _wanted(item: Item, draft: Draft) -> str:
    # An item keeps its address when its title changes: others have linked to it.
    # One that got a suffix elsewhere comes back whole.
    return slug_of(draft.slug, LENGTH + SUFFIX) if draft.slug else item.slug or slug_of(draft.title, LENGTH)
