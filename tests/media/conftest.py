"""A library for the tests of media: pictures that are uploaded, and made as the worker makes them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files import File
from django.core.files.storage import storages

from apps.media import models, service
from seam.jobs import run_due
from seam.registry import registry
from tests.media.drawn import picture


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """The files of each test lie in a folder of its own."""
    changed = dict(settings.STORAGES)
    for name in ("originals", "renditions"):
        options = changed[name]["OPTIONS"] | {"location": tmp_path / name}
        changed[name] = changed[name] | {"OPTIONS": options}
    settings.STORAGES = changed
    yield tmp_path
    storages._storages.clear()  # type: ignore[attr-defined]


@pytest.fixture
def files(folders: Path) -> Callable[[], list[str]]:
    """Call it for every file there is, of both storages, half-written ones too."""
    return lambda: sorted(str(p.relative_to(folders)) for p in folders.rglob("*") if p.is_file())


@pytest.fixture
def upload() -> Callable[..., models.Asset]:
    def upload(owner_id: UUID, data: bytes | None = None, name: str = "p.png", **about: str) -> models.Asset:
        file = File(io.BytesIO(picture() if data is None else data), name=name)
        return service.keep(owner_id=owner_id, file=file, **about)[0]  # type: ignore[arg-type]

    return upload


@pytest.fixture
def known() -> Callable[..., models.Asset]:
    """Somebody's picture as rows alone, being prepared: for tests that never look at its files."""

    def known(owner_id: UUID, title: str = "p") -> models.Asset:
        unique = uuid4().hex
        original = models.Original.objects.create(
            sha256=unique, name=unique, bytes=1, format="PNG", width=40, height=30
        )
        return models.Asset.objects.create(owner_id=owner_id, original=original, title=title)

    return known


@pytest.fixture
def work() -> Callable[[], int]:
    """Run what media has to do, as a worker would; how many jobs there were."""

    def work() -> int:
        done = 0
        while ran := run_due(registry["media"], limit=10):
            done += ran
        return done

    return work
