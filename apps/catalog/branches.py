"""The tree changed by hand: a category renamed, moved, or taken away. Call all of it under kept.lock()."""

from __future__ import annotations

import hashlib
import json
from typing import NoReturn

from django.utils.translation import gettext as _

from apps.catalog import kept
from apps.catalog.attributes import name_listings
from apps.catalog.categories import SLUG_LENGTH, Translations, forget_former, names_of, refuse_too_deep
from apps.catalog.contract import InvalidCategory
from apps.catalog.models import Category, FormerPath, Item, ItemCategory, Listing, ListingWord
from apps.catalog.text import slug_of


def stamp(category: Category) -> str:
    """What a form is given and brings back: another one where somebody else renamed or moved the category
    meanwhile."""
    said = [category.title, category.translations, category.slug, category.parent_id]
    written = json.dumps(said, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def rename(category: Category, title: str, translations: Translations, slug: str = "") -> None:
    """Other words; and where `slug` is given, another address that the old one leads to. Raises InvalidCategory."""
    if slug and slug != category.slug:
        above, _slash, _old = category.path.rpartition("/")
        category.slug = slug_of(slug, SLUG_LENGTH)
        _readdress(category, above)
    category.title, category.translations = title, translations
    category.save(update_fields=["title", "translations", "position", "slug", "path"])
    ListingWord.objects.filter(listing_id=category.pk).delete()
    name_listings({category.pk: names_of(category)})
    kept.touch(Listing.SHAPE)


def move(category: Category, parent: Category | None, before: Category | None) -> bool:
    """Put a category below `parent` or at the top, in front of `before` or last; whether its address changed.

    Raises InvalidCategory with a sentence for a circle, a taken address, too deep a tree.
    """
    if before is not None and before.parent_id != (parent and parent.pk):
        raise InvalidCategory(_("The tree has changed meanwhile. Look at it and try again."))
    elsewhere = category.parent_id != (parent and parent.pk)
    if elsewhere:
        _refuse_circle(category, parent)
        category.parent = parent
        _readdress(category, parent.path if parent else "")
        category.save(update_fields=["parent", "path"])
    _place(category, before)
    kept.touch(Listing.SHAPE)
    return elsewhere


def take_away(category: Category, into: Category | None) -> list[Category]:
    """Delete a category. What is in it, drafts too, and what is below it goes `into` another, which its address
    leads to from then on; the categories that went. None: to the top, which items can't stand in.

    Raises InvalidCategory.
    """
    _refuse_circle(category, into)
    placed = ItemCategory.objects.filter(category=category.pk)
    if into is None and placed.exists():
        raise InvalidCategory(_("There are items in it. Choose the category they go to."))
    below = list(Category.objects.filter(parent=category.pk).order_by("position", "title"))
    for child in below:
        move(child, into, None)
    if into is not None:
        _replace(category, into)
    Listing.objects.filter(pk=category.pk).delete()  # and with it the category
    kept.touch(Listing.SHAPE)
    return below


def subtree(path: str) -> list[Category]:
    """All below that path, parents before children."""
    # From one slash to what sorts right after it: a range of the index on every database.
    rows = Category.objects.filter(path__gt=f"{path}/", path__lt=f"{path}0", path__startswith=f"{path}/")
    return sorted(rows, key=lambda row: row.path.count("/"))


def siblings(parent_id: int | None) -> list[Category]:
    return list(Category.objects.filter(parent=parent_id).order_by("position", "title", "pk"))


def refuse_address(path: str) -> NoReturn:
    """Of a category that another one has."""
    raise InvalidCategory(
        _("There is a category at /categories/%(path)s already. Give one of them another address.")
        % {"path": path}
    )


def _refuse_circle(category: Category, parent: Category | None) -> None:
    if parent is not None and f"{parent.path}/".startswith(f"{category.path}/"):
        raise InvalidCategory(
            _("“%(title)s” can’t be put inside of itself or of what is below it.") % {"title": category.title}
        )


def _readdress(category: Category, above: str) -> None:
    """Give the category and all below it the path that follows from `above` and its slug; saves those below."""
    old, new = category.path, f"{above}/{category.slug}" if above else category.slug
    if Category.objects.filter(path=new).exists():
        refuse_address(new)
    below = subtree(old)
    former = [old, *(row.path for row in below)]
    for row in below:
        row.path = new + row.path[len(old) :]
    category.path = new
    moved = [category, *below]
    refuse_too_deep(moved)
    forget_former(row.path for row in moved)
    FormerPath.objects.bulk_create(
        [FormerPath(path=path, category_id=row.pk) for path, row in zip(former, moved, strict=True)],
        batch_size=500,
    )
    Category.objects.bulk_update(below, ["path"], batch_size=200)


def _place(category: Category, before: Category | None) -> None:
    """Number the siblings, so that this one stands right before another or last."""
    rows = [row for row in siblings(category.parent_id) if row.pk != category.pk]
    at = next((n for n, row in enumerate(rows) if before and row.pk == before.pk), len(rows))
    rows.insert(at, category)
    changed = [row for n, row in enumerate(rows) if row.position != n]
    for number, row in enumerate(rows):
        row.position = number
    Category.objects.bulk_update(changed, ["position"], batch_size=200)


def _replace(category: Category, into: Category) -> None:
    """Every item that was placed in the one is placed in the other, and so is every address."""
    placed = ItemCategory.objects.filter(category=category.pk).values_list("item_id", flat=True)
    for items in kept.chunks(list(placed)):
        there = ItemCategory.objects.filter(category=into.pk, item__in=items)
        if both := list(there.values_list("item_id", flat=True)):
            ItemCategory.objects.filter(category=category.pk, item__in=both).delete()
    ItemCategory.objects.filter(category=category.pk).update(category=into)
    Item.objects.filter(main_category=category.pk).update(main_category=into)
    FormerPath.objects.filter(category=category.pk).update(category=into)
    FormerPath.objects.create(path=category.path, category=into)
