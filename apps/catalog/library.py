"""The pictures an editor can choose from: their own library, and what the item shows already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.catalog.models import Picture
from apps.catalog.pictures import copy_of
from apps.media.contract import Asset, AssetStatus, Media
from seam import use

AT_ONCE = 60


class LibraryIsAway(Exception):
    """Media could not be asked whose pictures these are; the message is for the person who chose them."""


@dataclass(frozen=True)
class Choice:
    """`place`: 1 is the cover, "" not chosen; as typed."""

    asset_id: UUID
    title: str
    picture: Picture | None
    place: str = ""


@dataclass(frozen=True)
class Library:
    """`next`: where the library goes on. `finds`: whether there is anything to choose besides what is chosen.
    `is_away`: media could not be asked."""

    choices: list[Choice]
    next: str | None = None
    finds: bool = False
    is_away: bool = False


def library(
    owner_id: UUID, places: Mapping[UUID, str], *, after: str | None = None, query: str = ""
) -> Library:
    """What was chosen first, in its order, then the newest of the owner's pictures, or of those that match."""
    try:
        page = use(Media).list_assets(owner_id=owner_id, limit=AT_ONCE, after=after, query=query)
    except Exception:  # the editor works without media: what was chosen stays chosen
        return Library(_chosen(places), is_away=True)
    chosen = [] if after else _chosen(places, {asset.id: asset.title for asset in page.assets})
    rest = [
        _choice(asset)
        for asset in page.assets
        if asset.id not in places and asset.status != AssetStatus.FAILED
    ]
    return Library([*chosen, *rest], page.next, finds=bool(rest))


def _choice(asset: Asset) -> Choice:
    ready = asset.status == AssetStatus.READY
    return Choice(asset.id, asset.title, copy_of(asset) if ready else None)


def _chosen(places: Mapping[UUID, str], titles: Mapping[UUID, str] = MappingProxyType({})) -> list[Choice]:
    """By their titles where they are known, else by what they show."""
    known = Picture.objects.in_bulk([pk for pk, place in places.items() if place])
    return [
        Choice(pk, titles.get(pk) or (known[pk].alt if pk in known else ""), known.get(pk), place)
        for pk, place in places.items()
        if place
    ]


def places_of(pictures: Sequence[UUID]) -> dict[UUID, str]:
    return {asset_id: str(place) for place, asset_id in enumerate(pictures, start=1)}


def places_from(data: QueryDict) -> dict[UUID, str]:
    """What somebody sent as `place-<asset id>`; anything that is no such field is passed over."""
    places: dict[UUID, str] = {}
    for name, typed in data.lists():
        place = next(
            (text.strip() for text in typed if text.strip()), ""
        )  # of a picture that stands there twice
        if place and name.startswith("place-") and (asset_id := _uuid(name.removeprefix("place-"))):
            places[asset_id] = place
    return dict(sorted(places.items(), key=lambda pair: _number(pair[1])))


def allowed(places: Mapping[UUID, str], owner_id: UUID, shown_already: Iterable[UUID]) -> list[UUID]:
    """The chosen pictures in order, without those that are neither the owner's nor the item's already.

    Raises LibraryIsAway when there are new ones and media does not answer.
    """
    shown = set(shown_already)
    asked = [pk for pk in places if pk not in shown][:500]
    try:
        found = use(Media).list_assets_by_id(ids=asked) if asked else []
    except Exception as error:
        raise LibraryIsAway(
            _("New pictures can’t be added right now. Leave them out, or save again in a moment.")
        ) from error
    own = {asset.id for asset in found if asset.owner_id == owner_id}
    return [pk for pk in places if pk in shown or pk in own]


def _number(place: str) -> float:
    try:
        return float(place)
    except ValueError:
        return 1e9


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
