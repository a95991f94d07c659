"""What pages show of items, kept with them as plain values: pictures, attributes, sort keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.catalog import kept
from apps.catalog.attributes import has_page
from apps.catalog.models import AttributeValue, Kind, Picture, new_id
from apps.catalog.text import title_key
from apps.catalog.wholes import Whole

PICTURE_FIELDS = (
    "alt",
    "width",
    "height",
    "placeholder",
    "avif",
    "webp",
    "fallback_src",
    "fallback_srcset",
)


def fill(wholes: Iterable[Whole]) -> None:
    """Set what the items keep for pages, and a new version; saves nothing."""
    all_of_them = list(wholes)
    pictures = _pictures({asset_id for whole in all_of_them for asset_id in whole.pictures})
    for whole in all_of_them:
        item = whole.item
        item.title_key = title_key(item.title, item.pk)
        first = next((value for value in whole.values if value.kind == Kind.TEXT), None)
        item.subtitle = first.text[:200] if first else ""
        item.subtitles = first.translated if first else {}
        item.facts = [_fact(value) for value in whole.values]
        item.main_category = whole.categories[0] if whole.categories else None
        item.gallery = _gallery(whole.pictures, pictures, item.title)
        # {}: there are pictures and none is ready yet.
        item.cover = next((picture for picture in item.gallery if picture), {}) if item.gallery else None
        item.version = new_id()


def shown_pictures(asset_ids: Sequence[UUID], title: str) -> list[dict[str, Any] | None]:
    """Pictures as a page shows them, in order; None for one that is on its way."""
    return _gallery(asset_ids, _pictures(set(asset_ids)), title)


def _gallery(
    asset_ids: Sequence[UUID], known: Mapping[UUID, Picture], title: str
) -> list[dict[str, Any] | None]:
    return [_shown(known.get(pk), title) for pk in asset_ids if _is_shown(known.get(pk))]


def _fact(value: AttributeValue) -> dict[str, Any]:
    return {
        "key": value.attribute.key,
        "slug": value.slug if has_page(value) else "",
        "kind": str(value.kind),
        "text": value.text,
    }


def _pictures(asset_ids: set[UUID]) -> dict[UUID, Picture]:
    return {
        picture.pk: picture
        for some in kept.chunks(asset_ids)
        for picture in Picture.objects.filter(pk__in=some)
    }


def _is_shown(picture: Picture | None) -> bool:
    return picture is None or picture.status in (Picture.Status.READY, Picture.Status.PROCESSING)


def _shown(picture: Picture | None, title: str) -> dict[str, Any] | None:
    """The picture as web/picture.html takes it; None until media says it is ready: a neutral tile."""
    if picture is None or picture.status != Picture.Status.READY:
        return None
    shown = {name: getattr(picture, name) for name in PICTURE_FIELDS}
    return shown | {"alt": picture.alt or title}
