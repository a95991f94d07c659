"""Keeps the promise of contract.py, and what our own pages do with a picture."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import PurePath, PureWindowsPath
from typing import IO, Any
from uuid import UUID

from django.core.files import File
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone, translation

from apps.media import contract, models
from apps.media.conflicts import again_on_conflict, is_conflict
from apps.media.contract import (
    Asset,
    AssetDeleted,
    AssetFailed,
    AssetNotFound,
    AssetPage,
    AssetReady,
    AssetStatus,
)
from apps.media.incoming import Incoming, received
from apps.media.paging import newest, page_of
from apps.media.quota import give_back, room_of, take_room
from apps.media.reasons import PictureRefused, sentence
from apps.media.search import index, own_pictures
from apps.media.storage import SHARD, incoming_files, originals, renditions
from seam import atomic, enqueue, publish
from seam.outbox import publish_many

# Longer than any picture takes with all its retries: from then on its owner may start it again.
STUCK_AFTER = timedelta(minutes=10)


def get_asset(*, asset_id: UUID) -> Asset:
    asset = newest().filter(pk=asset_id).first()
    if asset is None:
        raise AssetNotFound(f"There is no picture {asset_id}.")
    return told(asset)


def list_assets(*, owner_id: UUID, limit: int = 60, after: str | None = None, query: str = "") -> AssetPage:
    page, following = page_of(own_pictures(owner_id, query), limit=limit, after=after)
    return AssetPage(assets=[told(asset) for asset in page], next=following)


def list_assets_by_id(*, ids: list[UUID]) -> list[Asset]:
    if len(ids) > 500:
        raise contract.InvalidQuery(f"At most 500 ids at once, not {len(ids)}.")
    found = {asset.pk: asset for asset in newest().filter(pk__in=ids)}
    return [told(found[asset_id]) for asset_id in ids if asset_id in found]


def get_own(*, owner_id: UUID, asset_id: UUID) -> models.Asset:
    """Raises AssetNotFound for a picture that is somebody else's, just as for one that isn't there."""
    asset = newest().filter(pk=asset_id, owner_id=owner_id).first()
    if asset is None:
        raise AssetNotFound(f"There is no picture {asset_id}.")
    return asset


def store_upload(*, owner_id: UUID, file: IO[bytes], title: str = "", alt: str = "") -> Asset:
    """Keep a picture and have its renditions made. The same bytes by the same person are the same picture.

    Raises apps.media.reasons.PictureRefused, with nothing kept, for a file that can't be a picture of ours.
    """
    return told(keep(owner_id=owner_id, file=file, title=title, alt=alt)[0])


def take_incoming(*, owner_id: UUID, name: str, title: str = "", alt: str = "") -> Asset:
    try:
        with incoming_files().open(name) as file:
            return store_upload(owner_id=owner_id, file=file, title=title, alt=alt)
    except FileNotFoundError as error:
        raise contract.NothingIncoming(f"No file {name} is on its way in.") from error
    except PictureRefused as refused:
        raise contract.PictureRefused(str(refused)) from refused
    finally:
        incoming_files().delete(name)


def keep(*, owner_id: UUID, file: IO[bytes], title: str = "", alt: str = "") -> tuple[models.Asset, bool]:
    """Like store_upload; with whether the picture is new to its owner."""
    file_name = PureWindowsPath(getattr(file, "name", None) or "").name[-255:]
    about = {"title": (title or PurePath(file_name).stem)[:200], "alt": alt[:500], "file_name": file_name}
    with received(file) as incoming:
        return _add(owner_id, incoming, about)


@again_on_conflict
def _add(owner_id: UUID, incoming: Incoming, about: dict[str, str]) -> tuple[models.Asset, bool]:
    _bring_back(incoming)
    return _add_to_known(owner_id, incoming, about) or _add_as_new(owner_id, incoming, about)


def _bring_back(incoming: Incoming) -> None:
    """A file that was lost is there again, for everybody who has it. Without a lock: what goes by that name is these
    bytes, and where its row is gone meanwhile, one more file that nobody names."""
    name = models.Original.objects.filter(sha256=incoming.sha256).values_list("name", flat=True).first()
    if name and not originals().exists(name):
        _store(incoming, name)


def _store(incoming: Incoming, name: str) -> None:
    with incoming.path.open("rb") as file:
        originals().save(name, File(file))


def _add_to_known(
    owner_id: UUID, incoming: Incoming, about: dict[str, str]
) -> tuple[models.Asset, bool] | None:
    """When the bytes are here already, whoever brought them: nothing to write, often nothing to make."""
    with atomic("media"):
        original = models.Original.objects.select_for_update().filter(sha256=incoming.sha256).first()
        if original is None:
            return None
        if original.status == AssetStatus.FAILED.value:
            _render(original)
        asset, is_new = models.Asset.objects.get_or_create(
            owner_id=owner_id, original=original, defaults=about
        )
        if is_new:
            take_room(asset)
            index(asset)
        if is_new and asset.is_ready:
            publish(AssetReady(asset=told(asset)))
        return asset, is_new


def _add_as_new(owner_id: UUID, incoming: Incoming, about: dict[str, str]) -> tuple[models.Asset, bool]:
    """The file first, then the row that makes it count; a crash in between leaves a file nobody names."""
    room_of(owner_id).refuse_beyond(incoming.bytes)
    original = models.Original(
        id=uuid.uuid4(),
        sha256=incoming.sha256,
        bytes=incoming.bytes,
        format=incoming.format,
        width=incoming.width,
        height=incoming.height,
    )
    original.name = f"{incoming.sha256[:SHARD]}/{incoming.sha256}.{original.pk.hex}"
    _store(incoming, original.name)
    try:
        with atomic("media"):
            original.save(force_insert=True)
            _render(original)
            # Every day on which a picture comes, what nobody names is swept away once.
            enqueue("media.sweep", {}, key=timezone.now().date().isoformat())
            asset = models.Asset.objects.create(owner_id=owner_id, original=original, **about)
            take_room(asset)
            index(asset)
            return asset, True
    except PictureRefused:
        originals().delete(original.name)
        raise
    except DatabaseError as error:
        # Somebody else brought the same bytes at the same moment. After any other error the row may be there.
        if is_conflict(error):
            originals().delete(original.name)
        raise


def _render(original: models.Original) -> None:
    original.status, original.failure, original.tried_at = AssetStatus.PROCESSING.value, "", timezone.now()
    original.save(update_fields=["status", "failure", "tried_at"])
    enqueue("media.render_asset", {"original_id": str(original.pk), "original": original.name})


def finish_rendering(data: dict[str, Any], result: dict[str, Any]) -> None:
    """The effect of media.render_asset: what the function answered becomes the picture's state, told to others."""
    original = models.Original.objects.select_for_update().filter(pk=data["original_id"]).first()
    if original is None:  # deleted while it was being made
        made = [rendition["name"] for rendition in result.get("renditions", [])]
        enqueue("media.remove_files", {"originals": [], "renditions": made})
    elif original.status == AssetStatus.READY.value:
        return  # a second try that came late; the same bytes make the same files
    elif "error" in result:
        _mark_failed(original, result["code"], result["facts"])
    else:
        _mark_ready(original, result)


def _mark_failed(original: models.Original, code: str, facts: dict[str, Any]) -> None:
    original.status, original.failure, original.failure_facts = AssetStatus.FAILED.value, code, facts
    original.save(update_fields=["status", "failure", "failure_facts"])
    with translation.override("en"):
        reason = sentence(code, facts)
    publish_many(
        [AssetFailed(asset_id=pk, reason=reason) for pk in original.assets.values_list("pk", flat=True)]
    )


def _mark_ready(original: models.Original, result: dict[str, Any]) -> None:
    original.status, original.failure = AssetStatus.READY.value, ""
    for field in ("width", "height", "placeholder", "renditions"):
        setattr(original, field, result[field])
    original.save()
    original.assets.update(version=F("version") + 1)
    publish_many([AssetReady(asset=told(asset)) for asset in original.assets.select_related("original")])


def describe(*, owner_id: UUID, asset_id: UUID, title: str, alt: str) -> models.Asset:
    """Change title and alternative text, which others are told when they show it. Raises AssetNotFound."""
    with atomic("media"):
        get_own(owner_id=owner_id, asset_id=asset_id)
        models.Asset.objects.filter(pk=asset_id).update(title=title, alt=alt, version=F("version") + 1)
        asset = get_own(owner_id=owner_id, asset_id=asset_id)
        index(asset)
        if asset.is_ready:
            publish(AssetReady(asset=told(asset)))
        return asset


def may_retry(asset: models.Asset) -> bool:
    stuck = asset.is_processing and asset.original.tried_at < timezone.now() - STUCK_AFTER
    return asset.has_failed or stuck


def retry(*, owner_id: UUID, asset_id: UUID) -> models.Asset:
    """Make the renditions again, of a picture that failed or got stuck; of any other it does nothing."""
    with atomic("media"):
        asset = get_own(owner_id=owner_id, asset_id=asset_id)
        asset.original = models.Original.objects.select_for_update().get(pk=asset.original_id)
        if may_retry(asset):
            _render(asset.original)
        return asset


@again_on_conflict
def delete_asset(*, owner_id: UUID, asset_id: UUID) -> None:
    """Raises AssetNotFound."""
    with atomic("media"):
        remove([get_own(owner_id=owner_id, asset_id=asset_id)])


def forget_owner(owner_id: UUID) -> None:
    """Delete all of somebody's pictures; within `atomic`."""
    remove(newest().filter(owner_id=owner_id))
    models.Usage.objects.filter(pk=owner_id).delete()


def remove(assets: Iterable[models.Asset]) -> None:
    """The rows now; the files soon after, by a job, when nobody else has a picture of the same bytes."""
    asked = list(assets)
    ids = {asset.original_id for asset in asked}
    # Locked before the pictures are counted: an upload of the same bytes comes wholly before this or wholly after.
    locked = list(models.Original.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    # Read again under the lock: somebody else may just have deleted one of them.
    gone = list(newest().filter(pk__in=[asset.pk for asset in asked]))
    models.Asset.objects.filter(pk__in=[asset.pk for asset in gone]).delete()
    give_back(gone)
    kept = set(models.Asset.objects.filter(original__in=ids).values_list("original_id", flat=True))
    unused = [original for original in locked if original.pk not in kept]
    for original in unused:
        enqueue("media.remove_files", {"originals": [original.name], "renditions": original.rendition_names})
    models.Original.objects.filter(pk__in=[original.pk for original in unused]).delete()
    publish_many([AssetDeleted(asset_id=asset.pk) for asset in gone])


def told(asset: models.Asset) -> Asset:
    """A picture as others may know it."""
    original = asset.original
    return Asset(
        id=asset.pk,
        owner_id=asset.owner_id,
        title=asset.title,
        alt=asset.alt,
        status=asset.status,
        version=asset.version,
        width=original.width,
        height=original.height,
        placeholder=original.placeholder,
        renditions=[
            contract.Rendition(
                format=r["format"], width=r["width"], height=r["height"], url=renditions().url(r["name"])
            )
            for r in original.renditions
        ],
    )
