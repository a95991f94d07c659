"""Where the catalogue shows a picture, as far as it can be told."""

from __future__ import annotations

from uuid import UUID

from apps.catalog.contract import Catalog, PictureUses
from seam import use

SHOWN = 20


def uses_of(asset_id: UUID) -> PictureUses | None:
    """None when it can't be told: whoever deletes a picture may do so while the catalogue is away."""
    try:
        return use(Catalog).list_uses_of_picture(asset_id=asset_id, limit=SHOWN)
    except Exception:
        return None
