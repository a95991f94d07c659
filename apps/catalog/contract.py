"""PUBLIC: what the catalogue promises to other contexts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from seam import ContractError, event


@dataclass(frozen=True, kw_only=True)
class Item:
    """A thing on offer. `attributes` are shown values by name; `picture_ids` in order, the cover first.

    `price` is in units of `currency` (ISO 4217); None when the thing has no price.
    """

    id: UUID
    slug: str
    title: str
    description: str
    published: bool
    attributes: dict[str, str] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)
    picture_ids: list[UUID] = field(default_factory=list)
    price: Decimal | None = None
    currency: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ItemPage:
    """`next` goes into `after` for the page that follows; None at the end."""

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class PictureUse:
    """An item that shows a picture, a draft too. `place`: 1 is the cover.

    `url` is the path of its page, "" while it is a draft; `edit_url` of the page where it is edited.
    """

    item_id: UUID
    title: str
    place: int
    url: str
    edit_url: str


@dataclass(frozen=True, kw_only=True)
class PictureUses:
    """`more`: the picture is used by others besides."""

    uses: list[PictureUse]
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Favourite:
    """An item that somebody keeps among their favourites. `slug` and `title` are empty while it is withdrawn."""

    item_id: UUID
    slug: str
    title: str
    added_at: datetime


@dataclass(frozen=True, kw_only=True)
class FavouritePage:
    """`next` goes into `after` for the page that follows; None at the end."""

    favourites: list[Favourite]
    next: str | None = None


class ItemNotFound(ContractError):
    code = "catalog.item_not_found"


class InvalidQuery(ContractError):
    code = "catalog.invalid_query"


class InvalidItem(ContractError):
    """The message says what to change."""

    code = "catalog.invalid_item"


class ItemChangedMeanwhile(ContractError):
    """Somebody else saved the item after it was read; nothing was written."""

    code = "catalog.item_changed_meanwhile"


class TooManyFavourites(ContractError):
    """The message says how many there can be."""

    code = "catalog.too_many_favourites"


class CategoryNotFound(ContractError):
    code = "catalog.category_not_found"


class InvalidCategory(ContractError):
    """The message says what to change."""

    code = "catalog.invalid_category"


class CategoryChangedMeanwhile(ContractError):
    """Somebody else changed the category after it was read; nothing was written."""

    code = "catalog.category_changed_meanwhile"


@event("catalog.item_published.v1")
@dataclass(frozen=True, kw_only=True)
class ItemPublished:
    item_id: UUID
    slug: str
    title: str


@event("catalog.item_changed.v1")
@dataclass(frozen=True, kw_only=True)
class ItemChanged:
    """Something a visitor sees of a published item is different now."""

    item_id: UUID
    slug: str


@event("catalog.item_withdrawn.v1")
@dataclass(frozen=True, kw_only=True)
class ItemWithdrawn:
    item_id: UUID
    slug: str


@event("catalog.pages_changed.v1")
@dataclass(frozen=True, kw_only=True)
class PagesChanged:
    """Pages whose header `Cache-Tag` has one of these, at most 100, show something else now or are gone."""

    tags: list[str]


class Catalog(Protocol):
    def get_item(self, *, item_id: UUID) -> Item:
        """Raises ItemNotFound."""
        ...

    def get_item_by_slug(self, *, slug: str) -> Item:
        """The published item that has this slug, or had it and none has it now. Raises ItemNotFound."""
        ...

    def search_items(self, *, query: str, limit: int = 24, after: str | None = None) -> ItemPage:
        """Published items, the best first; `limit` from 1 to 100. Raises InvalidQuery for a foreign `after`."""
        ...

    def list_items_with_picture(self, *, asset_id: UUID) -> list[Item]:
        """Where a picture is used, drafts too; at most 100."""
        ...

    def list_uses_of_picture(self, *, asset_id: UUID, limit: int = 20) -> PictureUses:
        """The items that show a picture, drafts too, by title; `limit` from 1 to 100, else InvalidQuery."""
        ...

    def list_favourites(
        self, *, person_id: UUID, limit: int = 100, after: str | None = None
    ) -> FavouritePage:
        """What a person keeps, the newest first; `limit` from 1 to 100. Raises InvalidQuery for a foreign `after`."""
        ...
