"""A library for the tests of media: pictures that are uploaded, and made as the worker makes them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.files import File
from django.core.files.storage import storages

from apps.media import models, service
from apps.media.storage import originals
from seam.jobs import run_due
from seam.registry import registry
from tests.media.drawn import picture


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest) -> str:
    """Ask for it, or `pytest.mark.usefixtures("storage")`, to run once on a folder and once on an S3 server."""
    return str(request.param)


@pytest.fixture(autouse=True)
def kept_files(request: pytest.FixtureRequest, keep_files_at: Callable[[str], None]) -> None:
    """The files of each test lie in a folder or a bucket of its own."""
    on_s3 = "storage" in request.fixturenames and request.getfixturevalue("storage") == "s3"
    keep_files_at(request.getfixturevalue("s3_server").make_bucket() if on_s3 else "")


@pytest.fixture
def folders(kept_files: None, tmp_path: Path) -> Path:
    """Where the folders of the three storages lie."""
    return tmp_path


@pytest.fixture
def files(kept_files: None, tmp_path: Path) -> Callable[[], list[str]]:
    """Call it for every file there is, of all storages, half-written ones too."""

    def files() -> list[str]:
        if "Bucket" in storages.backends["originals"]["BACKEND"]:
            client, bucket = originals().client, originals().bucket_name
            return sorted(found["Key"] for found in client.list_objects_v2(Bucket=bucket).get("Contents", []))
        return sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())

    return files


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
