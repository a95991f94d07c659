"""What members keep to find again: added, taken away, listed newest first."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.catalog.contract import InvalidQuery, ItemNotFound, TooManyFavourites
from apps.catalog.models import Favourite, Item
from apps.catalog.paging import moment_of, read_moment
from seam import atomic

MOST = 5000


def add(person_id: UUID, item_id: UUID) -> None:
    """Keep a published item; one that is kept already stays where it is. Raises ItemNotFound, TooManyFavourites."""
    with atomic("catalog"):
        if not Item.objects.filter(pk=item_id, is_published=True).exists():
            raise ItemNotFound(_("There is no such item. It may have been withdrawn."))
        if Favourite.objects.filter(person_id=person_id).count() >= MOST:
            raise TooManyFavourites(
                _("You have %(most)d favourites, as many as there can be. Take some away first.")
                % {"most": MOST}
            )
        row = Favourite(person_id=person_id, item_id=item_id, added_at=timezone.now())
        Favourite.objects.bulk_create([row], ignore_conflicts=True)


def remove(person_id: UUID, item_id: UUID) -> None:
    """Does nothing when it isn't kept."""
    with atomic("catalog"):
        Favourite.objects.filter(person_id=person_id, item=item_id).delete()


def forget(person_id: UUID) -> None:
    """Everything this person kept."""
    with atomic("catalog"):
        Favourite.objects.filter(person_id=person_id).delete()


def among(person_id: UUID, items: Iterable[UUID]) -> set[UUID]:
    """Those of the items that the person keeps."""
    kept = Favourite.objects.filter(person_id=person_id, item__in=list(items))
    return set(kept.values_list("item_id", flat=True))


def page(
    person_id: UUID, *, size: int, after: str | None = None, published: bool = False
) -> tuple[list[Favourite], str | None]:
    """Newest first, with their items, and where to go on; `published`: only those that have a page now.

    Raises InvalidQuery.
    """
    rows = Favourite.objects.filter(person_id=person_id).select_related("item")
    if published:
        rows = rows.filter(item__is_published=True)
    if after:
        if (place := read_moment(after)) is None:
            raise InvalidQuery(_("This page of the list is not known. Start from its beginning."))
        moment, item_id = place
        # The first condition is the range of the index; the second only sorts out rows of the very same moment.
        rows = rows.filter(added_at__lte=moment).exclude(added_at=moment, item__gte=item_id)
    found = list(rows.order_by("-added_at", "-item_id")[: size + 1])
    if len(found) <= size:
        return found, None
    last = found[size - 1]
    return found[:size], moment_of(last.added_at, last.item_id)
