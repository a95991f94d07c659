"""Keeps the promise of contract.py."""

from __future__ import annotations

from uuid import UUID

from apps.media.contract import Asset, AssetPage


def get_asset(*, asset_id: UUID) -> Asset:
    raise NotImplementedError


def list_assets(*, owner_id: UUID, limit: int = 60, after: str | None = None) -> AssetPage:
    raise NotImplementedError


def list_assets_by_id(*, ids: list[UUID]) -> list[Asset]:
    raise NotImplementedError
