"""A picture as the templates of the look take it: plain strings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.media.models import Asset
from apps.media.storage import renditions


@dataclass(frozen=True)
class Picture:
    """What web/picture.html needs. `avif`, `webp` and `fallback_srcset` are srcset strings."""

    alt: str
    width: int
    height: int
    placeholder: str
    avif: str
    webp: str
    fallback_src: str
    fallback_srcset: str


def picture_of(asset: Asset, *, widest: int = 1920) -> Picture | None:
    """Made of the renditions up to `widest` px, or of the narrowest there is; None until it is ready."""
    if not asset.is_ready:
        return None
    made = sorted(asset.original.renditions, key=lambda rendition: rendition["width"])
    fitting = [rendition for rendition in made if rendition["width"] <= max(widest, made[0]["width"])]
    fallback = [rendition for rendition in fitting if rendition["format"] in ("jpeg", "png")]
    return Picture(
        alt=asset.alt,
        width=asset.original.width,
        height=asset.original.height,
        placeholder=asset.original.placeholder,
        avif=_srcset(r for r in fitting if r["format"] == "avif"),
        webp=_srcset(r for r in fitting if r["format"] == "webp"),
        fallback_src=renditions().url(fallback[-1]["name"]),
        fallback_srcset=_srcset(fallback),
    )


def _srcset(files: Any) -> str:
    return ", ".join(f"{renditions().url(file['name'])} {file['width']}w" for file in files)
