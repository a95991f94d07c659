"""How much room somebody's pictures take, and that it is never more than they may have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest

from apps.media.models import Asset, Usage
from apps.media.reasons import PictureRefused, Size


@dataclass(frozen=True)
class Room:
    """In bytes; `quota` 0: as much as there is."""

    used: Size
    quota: Size

    @property
    def left(self) -> Size:
        return Size(max(0, self.quota - self.used))

    @property
    def high(self) -> int:
        return self.quota * 9 // 10

    @property
    def is_short(self) -> bool:
        """Less than a tenth is left."""
        return bool(self.quota) and self.used > self.high

    def refuse_beyond(self, size: int) -> None:
        """Raises PictureRefused for a file of `size` bytes that has no room any more."""
        if self.quota and size > self.left:
            raise PictureRefused("no_room", size=Size(size), left=self.left, quota=self.quota)


def room_of(owner_id: UUID) -> Room:
    return _room(Usage.objects.filter(pk=owner_id).values_list("bytes", flat=True).first() or 0)


def take_room(asset: Asset) -> None:
    """Count a new picture, in the transaction that keeps it. Raises PictureRefused where it has no room.

    Of many uploads at once each waits for the one before it, so none goes past the quota unseen.
    """
    usage, _is_new = Usage.objects.select_for_update().get_or_create(owner_id=asset.owner_id)
    _room(usage.bytes).refuse_beyond(asset.original.bytes)
    Usage.objects.filter(pk=asset.owner_id).update(bytes=F("bytes") + asset.original.bytes)


def give_back(assets: Iterable[Asset]) -> None:
    """Count pictures no longer, in the transaction that removes them."""
    freed: dict[UUID, int] = {}
    for asset in assets:
        freed[asset.owner_id] = freed.get(asset.owner_id, 0) + asset.original.bytes
    for owner_id, size in sorted(freed.items()):
        Usage.objects.filter(pk=owner_id).update(bytes=Greatest(F("bytes") - size, 0))


def _room(used: int) -> Room:
    return Room(used=Size(used), quota=Size(settings.MEDIA_QUOTA))
