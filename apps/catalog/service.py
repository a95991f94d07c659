"""Keeps the promise of contract.py, and the verbs of the catalogue's own pages, API, import and demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.catalog import branches, favourites, kept, listings, search
from apps.catalog import categories as tree
from apps.catalog import contract as promised
from apps.catalog.attributes import define, rename_values
from apps.catalog.categories import Translations
from apps.catalog.checks import check
from apps.catalog.contract import (
    CategoryChangedMeanwhile,
    CategoryNotFound,
    FavouritePage,
    InvalidQuery,
    ItemChanged,
    ItemChangedMeanwhile,
    ItemNotFound,
    ItemPage,
    ItemPublished,
    ItemWithdrawn,
    PictureUses,
)
from apps.catalog.drafts import Draft
from apps.catalog.models import Attribute, Category, Item, ItemCategory, ItemPicture, Listing, ListingEntry
from apps.catalog.shown import fill
from apps.catalog.slugs import give_slugs
from apps.catalog.text import slug_of
from apps.catalog.wholes import Whole, load, put_together, save_parts
from seam import atomic, enqueue, publish
from seam.outbox import publish_many

__all__ = [
    "change_attribute",
    "change_category",
    "change_item",
    "create_category",
    "create_item",
    "create_items",
    "define_attribute",
    "delete_category",
    "delete_item",
    "ensure_categories",
    "get_item",
    "get_item_by_slug",
    "list_favourites",
    "list_items_with_picture",
    "list_uses_of_picture",
    "move_category",
    "publish_item",
    "rebuild",
    "search_items",
    "withdraw_item",
]

# What the editor's form and fill() set on an item that exists.
WRITTEN = [
    *("slug", "title", "description", "translations", "price", "currency", "is_published", "published_at"),
    *(
        "main_category",
        "version",
        "changed_at",
        "title_key",
        "subtitle",
        "subtitles",
        "cover",
        "gallery",
        "facts",
    ),
]
USES_SHOWN = 100
MOST_FAVOURITES = 100
REBUILD_AT_ONCE = 200


# The contract


def get_item(*, item_id: UUID) -> promised.Item:
    return _promised([_found(Item.objects.filter(pk=item_id).first())])[0]


def get_item_by_slug(*, slug: str) -> promised.Item:
    published = Item.objects.filter(is_published=True)
    item = published.filter(slug=slug).first() or published.filter(former_slugs__slug=slug).first()
    return _promised([_found(item)])[0]


def search_items(*, query: str, limit: int = 24, after: str | None = None) -> ItemPage:
    found = search.search(query, documents=everything(), limit=limit, after=after)
    items = Item.objects.in_bulk(found.ids)
    return ItemPage(items=_promised([items[pk] for pk in found.ids if pk in items]), next=found.next)


def list_items_with_picture(*, asset_id: UUID) -> list[promised.Item]:
    used = ItemPicture.objects.filter(asset_id=asset_id).values_list("item_id", flat=True)[:USES_SHOWN]
    return _promised(list(Item.objects.filter(pk__in=list(used)).order_by("title_key")))


def list_uses_of_picture(*, asset_id: UUID, limit: int = 20) -> PictureUses:
    if not 1 <= limit <= USES_SHOWN:
        raise InvalidQuery(_("`limit` is a number from 1 to %(most)d.") % {"most": USES_SHOWN})
    # Positions have gaps where a picture was deleted.
    before = ItemPicture.objects.filter(item=OuterRef("item"), position__lt=OuterRef("position"))
    number = before.values("item").annotate(number=Count("asset_id")).values("number")
    rows = ItemPicture.objects.filter(asset_id=asset_id).select_related("item")
    found = list(rows.annotate(place=Coalesce(Subquery(number), 0) + 1)[: limit + 1])
    shown = sorted(found[:limit], key=lambda row: row.item.title_key)
    uses = [_use(row.item, row.place) for row in shown]
    return PictureUses(uses=uses, more=len(found) > limit)


def list_favourites(*, person_id: UUID, limit: int = 100, after: str | None = None) -> FavouritePage:
    if not 1 <= limit <= MOST_FAVOURITES:
        raise InvalidQuery(_("`limit` is a number from 1 to %(most)d.") % {"most": MOST_FAVOURITES})
    rows, following = favourites.page(person_id, size=limit, after=after)
    found = [
        promised.Favourite(
            item_id=row.item_id,
            slug=row.item.slug if row.item.is_published else "",
            title=row.item.title if row.item.is_published else "",
            added_at=row.added_at,
        )
        for row in rows
    ]
    return FavouritePage(favourites=found, next=following)


# Items


def create_item(
    draft: Draft, *, owner_id: UUID | None = None, published: bool = False, item_id: UUID | None = None
) -> Item:
    """Raises InvalidItem. `item_id` is for callers whose ids must be the same when they run again."""
    item = Item(owner_id=owner_id, is_published=published)
    if item_id:
        item.pk = item_id
    with atomic("catalog"):
        create_items([item], [draft])
    return item


def create_items(items: Sequence[Item], drafts: Sequence[Draft]) -> None:
    """Fill and insert new, unsaved items; at most a thousand at a time. Inside atomic("catalog").

    Those with `is_published` are listed at once; they are newest in the order given, first to last.
    Raises InvalidItem.
    """
    wholes = _write(items, drafts)
    Item.objects.bulk_create(items, batch_size=500)
    save_parts(wholes, new=True)
    listings.relist(wholes, new=True)
    publish_many([_published(item) for item in items if item.is_published])


def change_item(item_id: UUID, draft: Draft, *, version: int | None = None) -> Item:
    """Make the item what `draft` says. Raises ItemNotFound, InvalidItem, and ItemChangedMeanwhile when
    `version` is given and is no longer the item's."""
    with atomic("catalog"):
        item = _locked(item_id, version)
        change_items([item], [draft])
    return item


def change_items(items: Sequence[Item], drafts: Sequence[Draft]) -> None:
    """Make items that exist what the drafts say. Inside atomic("catalog"). Raises InvalidItem."""
    wholes = _write(items, drafts)
    save_parts(wholes, new=False)
    _save(wholes)
    publish_many([ItemChanged(item_id=item.pk, slug=item.slug) for item in items if item.is_published])


def publish_item(item_id: UUID, *, version: int | None = None) -> Item:
    """Show a draft to everybody. Raises ItemNotFound, ItemChangedMeanwhile."""
    with atomic("catalog"):
        item = _locked(item_id, version)
        if not item.is_published:
            item.is_published = True
            item.published_at = item.published_at or timezone.now()
            _save(_filled([item]))
            publish(_published(item))
    return item


def withdraw_item(item_id: UUID, *, version: int | None = None) -> Item:
    """Make an item a draft again; its page is gone. Raises ItemNotFound, ItemChangedMeanwhile."""
    with atomic("catalog"):
        item = _locked(item_id, version)
        if item.is_published:
            item.is_published = False
            _save(_filled([item]))
            publish(ItemWithdrawn(item_id=item.pk, slug=item.slug))
    return item


def delete_item(item_id: UUID, *, version: int | None = None) -> None:
    """Raises ItemNotFound, ItemChangedMeanwhile."""
    with atomic("catalog"):
        item = _locked(item_id, version)
        was_published = item.is_published
        item.is_published = False
        listings.relist([Whole(item)])
        item.delete()
        if was_published:
            publish(ItemWithdrawn(item_id=item_id, slug=item.slug))


def refresh(items: Sequence[Item]) -> None:
    """Show items anew after something they show changed. Inside atomic("catalog"), under kept.lock()."""
    _save(_filled(items))
    publish_many([ItemChanged(item_id=item.pk, slug=item.slug) for item in items if item.is_published])


# Categories and attributes


def ensure_categories(names: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], Category]:
    """The category of each path of names, root first, made where it is new. Inside atomic("catalog").

    At most tree.LEVELS names to a path; raises InvalidItem.
    """
    kept.lock()
    return tree.ensure(names)


def create_category(
    title: str,
    *,
    parent: Category | None = None,
    translations: Translations | None = None,
    slug: str = "",
) -> tuple[Category, bool]:
    """A category below `parent`, last, or at the top, and whether it was made: the one that has this name there stays
    as it is.

    Raises CategoryNotFound when there is no such parent any more, InvalidCategory where another one has the address
    or the tree would be too deep.
    """
    with atomic("catalog"):
        kept.lock()
        above = _locked_category(parent.pk) if parent else None
        category, is_new = tree.ensure_child(title, above, translations or {}, slug)
        if not is_new and slug and slug_of(category.title) != slug_of(title):
            branches.refuse_address(category.path)
    return category, is_new


def change_category(
    category_id: int,
    *,
    title: str,
    translations: Translations,
    slug: str = "",
    parent_id: int | Literal["same"] | None = "same",
    position: int | None = None,
    stamp: str = "",
) -> Category:
    """Another name for a category, another address where `slug` is given, another parent (None: the top).

    Its old addresses lead to the new ones; its items follow a moment later.

    `stamp` is branches.stamp() of what was read. Raises CategoryNotFound, InvalidCategory, and
    CategoryChangedMeanwhile when it is given and is no longer the category's.
    """
    with atomic("catalog"):
        category = _locked_category(category_id)
        if stamp and stamp != branches.stamp(category):
            raise CategoryChangedMeanwhile(
                _("Somebody else changed this category while you were editing it.")
            )
        if position is not None:
            category.position = position
        branches.rename(category, title, translations, slug)
        if parent_id not in ("same", category.parent_id):
            parent = _locked_category(parent_id) if isinstance(parent_id, int) else None
            branches.move(category, parent, None)
        _ask_for_rebuild(category.pk)
    return category


def move_category(category_id: int, *, parent_id: int | None, before_id: int | None = None) -> Category:
    """Put a category below another or at the top, in front of `before_id` or last; its items follow a moment later.

    Its old address, and those of all below it, lead to the new ones. Raises CategoryNotFound, InvalidCategory.
    """
    with atomic("catalog"):
        category = _locked_category(category_id)
        parent = _locked_category(parent_id) if parent_id is not None else None
        before = _locked_category(before_id) if before_id is not None else None
        if branches.move(category, parent, before):
            _ask_for_rebuild(category.pk)
    return category


def delete_category(category_id: int, *, into_id: int | None = None) -> None:
    """Delete a category; what is in it and below it goes into another, or to the top where it holds no items.

    Raises CategoryNotFound, InvalidCategory.
    """
    with atomic("catalog"):
        category = _locked_category(category_id)
        into = _locked_category(into_id) if into_id is not None else None
        moved = branches.take_away(category, into)
        for child in moved:
            _ask_for_rebuild(child.pk)
        if into is not None:
            _ask_for_rebuild(placed_in=into.pk)


def define_attribute(
    name: str,
    *,
    label: str = "",
    translations: Mapping[str, Mapping[str, Any]] | None = None,
    is_facet: bool = True,
    is_browsable: bool = True,
    position: int = 0,
) -> Attribute:
    """Say how an attribute is shown, before or after items use it. Inside atomic("catalog").

    `label`: what it is called where that isn't `name`, by which items and imports find it.
    Items that use it are derived anew a moment later when `is_browsable`, `is_facet` or names of its values change.
    """
    kept.lock()
    attribute, relist = define(
        name,
        label=label,
        translations=translations or {},
        is_facet=is_facet,
        is_browsable=is_browsable,
        position=position,
    )
    if relist:
        _ask_for_rebuild()
    return attribute


def change_attribute(attribute: Attribute) -> None:
    """Save what was changed of an attribute. Inside atomic("catalog").

    Items that use it are derived anew a moment later when its name, those of its values, `is_browsable` or `is_facet`
    change.
    """
    kept.lock()
    was = Attribute.objects.get(pk=attribute.pk)
    attribute.save()
    kept.touch(Listing.SHAPE)
    renamed = rename_values(was, attribute)
    shown = [(one.label, one.is_browsable, one.is_facet) for one in (was, attribute)]
    if renamed or shown[0] != shown[1]:
        _ask_for_rebuild()


def rebuild(
    after: UUID | None = None, listing: int | None = None, placed_in: int | None = None
) -> UUID | None:
    """Derive listings, documents and what pages show anew for some items; where to go on, None at the end.

    `listing`: only for items that stand in it. `placed_in`: only for those in exactly this category, drafts too.
    """
    beyond = {"item__gt": after} if after else {}
    some: QuerySet[ListingEntry] | QuerySet[ItemCategory] | None = None
    if listing is not None:
        some = ListingEntry.objects.filter(listing=listing, **beyond)
    elif placed_in is not None:
        some = ItemCategory.objects.filter(category=placed_in, **beyond)
    rows = Item.objects.order_by("pk").filter(**({"pk__gt": after} if after else {}))
    if some is not None:
        ids = some.order_by("item_id").values_list("item_id", flat=True)[:REBUILD_AT_ONCE]
        rows = rows.filter(pk__in=list(ids))
    with atomic("catalog"):
        kept.lock()
        items = list(rows[:REBUILD_AT_ONCE])
        if not items:
            return None
        _save(_filled(items))
    return items[-1].pk


def _ask_for_rebuild(listing: int | None = None, *, placed_in: int | None = None) -> None:
    enqueue("catalog.rebuild", {"after": None, "listing": listing, "placed_in": placed_in})


# What the verbs are made of


def _write(items: Sequence[Item], drafts: Sequence[Draft]) -> list[Whole]:
    for draft in drafts:
        check(draft)
    kept.lock()
    give_slugs(items, drafts)
    now = timezone.now()
    for number, (item, draft) in enumerate(zip(items, drafts, strict=True)):
        item.title = draft.title
        item.description = draft.description
        item.translations = draft.translations
        item.price = draft.price
        item.currency = draft.currency if draft.price is not None else ""
        item.changed_at = now
        if item.is_published and item.published_at is None:
            item.published_at = _apart(now, number)
    wholes = put_together(items, drafts)
    fill(wholes)
    return wholes


def _apart(moment: datetime, number: int) -> datetime:
    """Items published in one go are a microsecond apart, so that "newest" keeps their order, first on top."""
    return moment - timedelta(microseconds=number)


def _filled(items: Sequence[Item]) -> list[Whole]:
    wholes = load(items)
    fill(wholes)
    return wholes


def _save(wholes: Sequence[Whole]) -> None:
    Item.objects.bulk_update([whole.item for whole in wholes], WRITTEN, batch_size=50)
    listings.relist(wholes)


def _locked(item_id: UUID, version: int | None) -> Item:
    kept.lock()
    item = _found(Item.objects.filter(pk=item_id).first())
    if version is not None and item.version != version:
        raise ItemChangedMeanwhile(_("Somebody else changed this item while you were editing it."))
    return item


def _locked_category(category_id: int) -> Category:
    kept.lock()
    category = Category.objects.filter(pk=category_id).first()
    if category is None:
        raise CategoryNotFound(_("There is no such category. It may have been deleted."))
    return category


def _found(item: Item | None) -> Item:
    if item is None:
        raise ItemNotFound(_("There is no such item. It may have been withdrawn."))
    return item


def _published(item: Item) -> ItemPublished:
    return ItemPublished(item_id=item.pk, slug=item.slug, title=item.title)


def _promised(items: Sequence[Item]) -> list[promised.Item]:
    return [
        promised.Item(
            id=whole.item.pk,
            slug=whole.item.slug,
            title=whole.item.title,
            description=whole.item.description,
            published=whole.item.is_published,
            attributes=_by_name(whole),
            categories=[category.path for category in whole.categories],
            picture_ids=whole.pictures,
            price=whole.item.price,
            currency=whole.item.currency,
            published_at=whole.item.published_at,
        )
        for whole in load(items)
    ]


def _use(item: Item, place: int) -> promised.PictureUse:
    return promised.PictureUse(
        item_id=item.pk,
        title=item.title,
        place=place,
        url=reverse("catalog:item", args=[item.slug]) if item.is_published else "",
        edit_url=reverse("catalog:change", args=[item.pk]),
    )


def _by_name(whole: Whole) -> dict[str, str]:
    shown: dict[str, str] = {}
    for value in whole.values:
        name = value.attribute.label
        shown[name] = f"{shown[name]}, {value.text}" if name in shown else value.text
    return shown


def everything() -> int:
    """How many items are published."""
    return Listing.objects.filter(pk=Listing.EVERYTHING).values_list("items", flat=True).first() or 0
