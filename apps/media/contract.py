"""PUBLIC: what media promises to other contexts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from seam import ContractError, event


class AssetStatus(enum.Enum):
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One file of a picture. `width` and `height` in pixels; `url` is an immutable absolute path or URL."""

    format: str
    width: int
    height: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A picture somebody uploaded. `renditions` is empty and `placeholder` "" until it is ready.

    `placeholder` is a data URI of a picture 24 px wide; `width` and `height` are of the upright original.
    `version` grows with every change: of two copies the one with the higher is the truth.
    """

    id: UUID
    owner_id: UUID
    title: str
    alt: str
    status: AssetStatus
    width: int
    height: int
    placeholder: str = ""
    renditions: list[Rendition] = field(default_factory=list)
    version: int = 1


@dataclass(frozen=True, kw_only=True)
class AssetPage:
    """Newest first. `next` goes into `after` for the page that follows; None at the end."""

    assets: list[Asset]
    next: str | None = None


class AssetNotFound(ContractError):
    code = "media.asset_not_found"


class InvalidQuery(ContractError):
    code = "media.invalid_query"


class PictureRefused(ContractError):
    """A file that is no picture we can show; the message is for who brought it."""

    code = "media.picture_refused"


class NothingIncoming(ContractError):
    code = "media.nothing_incoming"


class StorageAway(ContractError):
    """Files can be neither read nor kept at this moment: the disk is full, S3 does not answer. Nothing was changed."""

    code = "media.storage_away"


@event("media.asset_ready.v1")
@dataclass(frozen=True, kw_only=True)
class AssetReady:
    """All renditions of a picture exist. Said again when its title or alternative text changes."""

    asset: Asset


@event("media.asset_failed.v1")
@dataclass(frozen=True, kw_only=True)
class AssetFailed:
    """A picture can't be shown; `reason` is a sentence for its owner."""

    asset_id: UUID
    reason: str


@event("media.asset_deleted.v1")
@dataclass(frozen=True, kw_only=True)
class AssetDeleted:
    asset_id: UUID


@event("media.renditions_removed.v1")
@dataclass(frozen=True, kw_only=True)
class RenditionsRemoved:
    """Files of pictures are gone; `tags` are what the header `Cache-Tag` of each said, at most 100."""

    tags: list[str]


class Media(Protocol):
    def get_asset(self, *, asset_id: UUID) -> Asset:
        """Raises AssetNotFound."""
        ...

    def list_assets(
        self, *, owner_id: UUID, limit: int = 60, after: str | None = None, query: str = ""
    ) -> AssetPage:
        """Somebody's pictures; of a `query` every word begins a word of their title, alternative text or file name.

        `limit` from 1 to 200. Raises InvalidQuery for another or a foreign `after`.
        """
        ...

    def list_assets_by_id(self, *, ids: list[UUID]) -> list[Asset]:
        """Those of `ids` that exist, in the order asked; at most 500 ids, else InvalidQuery."""
        ...

    def take_incoming(self, *, owner_id: UUID, name: str, title: str = "", alt: str = "") -> Asset:
        """Keep the file `name` of the storage `incoming`, which all contexts share, and remove it from there.

        The same bytes by the same owner are the same picture. Raises PictureRefused with nothing kept,
        NothingIncoming when there is no such file, StorageAway with nothing kept.
        """
        ...
