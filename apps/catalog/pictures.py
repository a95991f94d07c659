"""Our copy of a picture: media's renditions as the strings that `web/picture.html` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.catalog.models import Picture
from apps.media.contract import Asset, Rendition

FALLBACK_WIDTH = 640


def copy_of(asset: Asset) -> Picture:
    """The unsaved copy of a picture that is ready."""
    fallbacks = [r for r in asset.renditions if r.format not in ("avif", "webp")]
    fallback = min(fallbacks, key=lambda r: abs(r.width - FALLBACK_WIDTH), default=None)
    return Picture(
        asset_id=asset.id,
        owner_id=asset.owner_id,
        version=asset.version,
        status=Picture.Status.READY,
        alt=asset.alt[:500],
        width=asset.width,
        height=asset.height,
        placeholder=asset.placeholder,
        avif=_srcset(asset.renditions, "avif"),
        webp=_srcset(asset.renditions, "webp"),
        fallback_src=fallback.url if fallback else "",
        fallback_srcset=_srcset(fallbacks, fallback.format) if fallback else "",
    )


def largest(picture: Mapping[str, Any]) -> str:
    """Where the widest rendition is that every browser shows; "" of a picture that has none."""
    return str(picture["fallback_srcset"]).rpartition(", ")[2].partition(" ")[0] or picture["fallback_src"]


def _srcset(renditions: list[Rendition], format_: str) -> str:
    fitting = sorted((r for r in renditions if r.format == format_), key=lambda r: r.width)
    return ", ".join(f"{r.url} {r.width}w" for r in fitting)
