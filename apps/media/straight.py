"""Pictures that go straight from a browser to S3: a signed form for one file, and then the site takes it in."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing

from apps.media import service
from apps.media.models import Asset
from apps.media.quota import room_of
from apps.media.reasons import PictureRefused
from apps.media.storage import incoming_files
from apps.media.uploads import picture_bytes

if TYPE_CHECKING:
    from apps.media.bucket import Bucket

SALT = "apps.media.straight"
# For the first byte to arrive; S3 looks at the clock when a form comes in, however long it took.
FORM_SECONDS = 15 * 60
FINISH_SECONDS = 24 * 3600


def origin() -> str:
    """Where browsers send pictures besides here; "" where all of them come through the site."""
    place = urlsplit(settings.MEDIA_UPLOAD_URL)
    return f"{place.scheme}://{place.netloc}" if place.netloc else ""


def begin(*, owner_id: UUID, file_name: str, size: int) -> dict[str, Any]:
    """`url` and `fields` of a form that takes this one file, of `size` bytes at most, and `upload` to finish with.

    Raises PictureRefused for a file that would be refused anyway, and where pictures come through the site.
    """
    if not settings.MEDIA_UPLOAD_URL:
        raise PictureRefused("not_straight")
    if not size:
        raise PictureRefused("empty")
    if size > picture_bytes():
        raise PictureRefused("too_large", limit=settings.MEDIA_MAX_UPLOAD_MB)
    room_of(owner_id).refuse_beyond(size)
    name = f"{owner_id.hex}/{uuid4().hex}"
    fields = cast("Bucket", incoming_files()).form_to_write(name, seconds=FORM_SECONDS, largest=size)
    upload = signing.dumps([str(owner_id), name, file_name[-255:]], salt=SALT)
    return {"url": settings.MEDIA_UPLOAD_URL, "fields": fields, "upload": upload}


def finish(*, owner_id: UUID, upload: str, title: str = "", alt: str = "") -> tuple[Asset, bool]:
    """Take in what was sent, as `service.keep` does; with whether it is new to its owner.

    May be asked again after StorageAway. Raises PictureRefused, also for an upload that is somebody else's.
    """
    name, file_name = _read(owner_id, upload)
    try:
        with incoming_files().open(name) as file:
            file.name = PurePath(file_name).name
            kept = service.keep(owner_id=owner_id, file=file, title=title, alt=alt)
    except FileNotFoundError:
        raise PictureRefused("not_arrived") from None
    except PictureRefused:
        incoming_files().delete(name)
        raise
    incoming_files().delete(name)
    return kept


def _read(owner_id: UUID, upload: str) -> tuple[str, str]:
    try:
        owner, name, file_name = signing.loads(upload, salt=SALT, max_age=FINISH_SECONDS)
    except signing.BadSignature:
        raise PictureRefused("not_arrived") from None
    if owner != str(owner_id):
        raise PictureRefused("not_arrived")
    return name, file_name
