"""Pages of pictures, newest first, by key: no count, no skipped rows."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.media.contract import InvalidQuery
from apps.media.models import Asset


def newest() -> QuerySet[Asset]:
    """Pictures with their originals, newest first."""
    return Asset.objects.select_related("original").order_by("-created_at", "-id")


def page_of(assets: QuerySet[Asset], *, limit: int, after: str | None) -> tuple[list[Asset], str | None]:
    """One page and what to give as `after` for the next. Raises InvalidQuery."""
    if not 1 <= limit <= 200:
        raise InvalidQuery(f"A page has 1 to 200 pictures, not {limit}.")
    if after:
        created_at, last_id = _read(after)
        assets = assets.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, id__lt=last_id))
    page = list(assets[: limit + 1])
    return page[:limit], _cursor(page[limit - 1]) if len(page) > limit else None


def _cursor(asset: Asset) -> str:
    return (
        base64.urlsafe_b64encode(f"{asset.created_at.isoformat()} {asset.pk}".encode()).decode().rstrip("=")
    )


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        created_at, _, last_id = text.partition(" ")
        moment, pk = datetime.fromisoformat(created_at), UUID(last_id)
        if moment.tzinfo is None:
            raise ValueError(moment)
        return moment.astimezone(UTC), pk
    except (ValueError, OverflowError, binascii.Error):  # what is no year in UTC overflows
        raise InvalidQuery("That page doesn't exist. Begin at the first one.") from None
