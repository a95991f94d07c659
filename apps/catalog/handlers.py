"""What we do when others speak."""

from __future__ import annotations

from uuid import UUID

from apps.auth.contract import UserDeleted
from apps.catalog import favourites, kept, service
from apps.catalog.models import Answer, Item, ItemPicture, Picture
from apps.catalog.pictures import copy_of
from apps.media.contract import AssetDeleted, AssetFailed, AssetReady
from seam import Job, atomic


def on_asset_ready(event: AssetReady, result: None) -> None:
    """Keep what pages show of the picture, and show it wherever it is used."""
    kept.lock()
    known = Picture.objects.filter(pk=event.asset.id).first()
    if known and (known.status == Picture.Status.DELETED or known.version >= event.asset.version):
        return  # older news, or the same again
    copy_of(event.asset).save()
    _show_anew(event.asset.id)


def on_asset_failed(event: AssetFailed, result: None) -> None:
    """Show a picture that can't be made no longer as one that is on its way."""
    kept.lock()
    picture, made = Picture.objects.get_or_create(
        pk=event.asset_id, defaults={"status": Picture.Status.FAILED}
    )
    if not made:
        if picture.status != Picture.Status.PROCESSING:
            return  # it was ready before, or we know already
        Picture.objects.filter(pk=event.asset_id).update(status=Picture.Status.FAILED)
    _show_anew(event.asset_id)


def on_asset_deleted(event: AssetDeleted, result: None) -> None:
    """Take the picture out of every item, and remember that it is gone."""
    kept.lock()
    Picture(pk=event.asset_id, status=Picture.Status.DELETED).save()
    items = _items_with(event.asset_id)
    ItemPicture.objects.filter(asset_id=event.asset_id).delete()
    service.refresh(items)


def on_user_deleted(event: UserDeleted, result: None) -> None:
    """Forget what the person kept and was answered."""
    favourites.forget(event.user_id)
    with atomic("catalog"):
        Answer.objects.filter(person_id=event.user_id).delete()


def _items_with(asset_id: UUID) -> list[Item]:
    used = ItemPicture.objects.filter(asset_id=asset_id).values_list("item_id", flat=True)
    return list(Item.objects.filter(pk__in=list(used)))


def _show_anew(asset_id: UUID) -> None:
    service.refresh(_items_with(asset_id))


SUBSCRIPTIONS: list[Job] = [
    Job("catalog.on_asset_ready", effect=on_asset_ready, hears=AssetReady),
    Job("catalog.on_asset_failed", effect=on_asset_failed, hears=AssetFailed),
    Job("catalog.on_asset_deleted", effect=on_asset_deleted, hears=AssetDeleted),
    Job("catalog.forget_favourites", effect=on_user_deleted, hears=UserDeleted),
]
