"""Keeps the promise of contract.py."""

from __future__ import annotations

from uuid import UUID

from apps.catalog.contract import Item, ItemPage


def get_item(*, item_id: UUID) -> Item:
    raise NotImplementedError


def get_item_by_slug(*, slug: str) -> Item:
    raise NotImplementedError


def search_items(*, query: str, limit: int = 24, after: str | None = None) -> ItemPage:
    raise NotImplementedError


def list_items_with_picture(*, asset_id: UUID) -> list[Item]:
    raise NotImplementedError
