"""A catalogue for tests: items, categories and pictures in a line each; nothing held from the test before."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test.utils import CaptureQueriesContext

from apps.catalog import held, service
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Category, Item
from apps.media.contract import Asset, AssetPage, AssetStatus, Rendition
from monolith.wiring import bind_all
from seam import atomic
from seam.binding import bind
from seam.registry import registry


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    """A test's rows are rolled back, but a process would trust for a second what it read of them."""
    cache.clear()
    held.forget()
    yield
    cache.clear()
    held.forget()


@pytest.fixture
def category() -> Callable[..., Category]:
    """`category("People", "Adults")`: that path of names."""

    def make(*names: str) -> Category:
        with atomic("catalog"):
            return service.ensure_categories([names])[names]

    return make


@pytest.fixture
def item() -> Callable[..., Item]:
    """`item("Boat", Artist="Turner", categories=[…])`: published, unless said otherwise."""

    def make(
        title: str = "A thing", *, published: bool = True, categories: Sequence[Category] = (), **said: Any
    ) -> Item:
        known = Draft.__dataclass_fields__
        facts = [Fact(name=name, value=value) for name, value in said.items() if name not in known]
        rest = {name: value for name, value in said.items() if name in known}
        draft = Draft(title=title, facts=facts, categories=[one.pk for one in categories], **rest)
        return service.create_item(draft, published=published)

    return make


@pytest.fixture
def queries() -> Callable[[], AbstractContextManager[CaptureQueriesContext]]:
    """The statements the catalogue's database is given: `with queries() as asked: …; len(asked)`."""
    return lambda: CaptureQueriesContext(connections["catalog"])


def asset(asset_id: uuid.UUID | None = None, *, version: int = 1, **said: Any) -> Asset:
    """A picture as media tells it, with two renditions of each format."""
    name = uuid.uuid4().hex
    renditions = [
        Rendition(format=kind, width=width, height=width // 2, url=f"/media/r/{name}/{width}.{kind}")
        for kind in ("avif", "webp", "jpeg")
        for width in (320, 640)
    ]
    known = {
        "owner_id": uuid.uuid4(),
        "title": "A picture",
        "alt": "A blue vase",
        "status": AssetStatus.READY,
    }
    return Asset(
        id=asset_id or uuid.uuid4(),
        width=640,
        height=320,
        placeholder="data:image/webp;base64,AAAA",
        renditions=renditions,
        version=version,
        **(known | said),
    )


class Library:
    """Keeps the promise of media, as far as the editor asks for it, with these pictures. `is_away`: it doesn't."""

    def __init__(self) -> None:
        self.assets: list[Asset] = []
        self.is_away = False

    def list_assets(
        self, *, owner_id: uuid.UUID, limit: int = 60, after: str | None = None, query: str = ""
    ) -> AssetPage:
        self._answer()
        own = [one for one in self.assets if one.owner_id == owner_id and query.lower() in one.title.lower()]
        begin = int(after or 0)
        more = str(begin + limit) if len(own) > begin + limit else None
        return AssetPage(assets=own[begin : begin + limit], next=more)

    def list_assets_by_id(self, *, ids: list[uuid.UUID]) -> list[Asset]:
        self._answer()
        known = {one.id: one for one in self.assets}
        return [known[pk] for pk in ids if pk in known]

    def _answer(self) -> None:
        if self.is_away:
            raise ConnectionError("media is away")


@pytest.fixture
def library() -> Iterator[Library]:
    """Whom `use(Media)` asks during the test."""
    kept = Library()
    bind(registry.contracts["media"], kept)
    yield kept
    bind_all(settings.BINDING)
