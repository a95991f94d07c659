"""Pictures made by a function elsewhere, from a folder and a bucket, with no more than the URLs its job lends it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.media import models, service
from apps.media.contract import AssetStatus
from seam.rows import Status
from tests.functions.serving import KEY, function_server, lambda_server
from tests.media.drawn import picture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("functions"),
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.usefixtures("storage"),
]

ALICE = uuid.uuid4()


@pytest.fixture(scope="module", params=[function_server, lambda_server])
def function_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.param("media_renditions") as url:
        yield url


@pytest.fixture
def elsewhere(function_url: str, settings: Any, live_server: Any) -> None:
    settings.FUNCTIONS, settings.FUNCTION_KEYS = {"media_renditions": function_url}, (KEY,)
    settings.TRANSFER_URL = live_server.url  # where the folder's files are lent


@pytest.mark.usefixtures("elsewhere")
def test_a_picture_is_made_elsewhere(
    upload: Callable[..., models.Asset],
    work: Callable[[], int],
    files: Callable[[], list[str]],
    settings: Any,
) -> None:
    asset = upload(ALICE, picture(800, 600))
    work()
    [job] = models.Job.objects.filter(name="media.render_asset")
    assert (job.status, job.last_error) == (Status.DONE, "")
    there = service.get_own(owner_id=ALICE, asset_id=asset.pk).original
    made = {name: content(name) for name in there.rendition_names}
    assert there.status == AssetStatus.READY.value
    assert len(files()) == 1 + len(made) == 10

    settings.FUNCTIONS = {}
    again = models.Job.objects.create(name=job.name, data=job.data, key="again")
    work()
    again.refresh_from_db()
    assert again.status == Status.DONE
    assert made == {name: content(name) for name in there.rendition_names}, "the same bytes as here"


def content(name: str) -> bytes:
    from apps.media.storage import renditions

    with renditions().open(name) as file:
        return bytes(file.read())


@pytest.mark.usefixtures("elsewhere")
def test_what_is_no_picture_is_told_as_it_is_here(
    upload: Callable[..., models.Asset], work: Callable[[], int]
) -> None:
    from apps.media.storage import originals

    asset = upload(ALICE, picture(400, 300, "JPEG"))
    originals().delete(asset.original.name)
    work()
    failed = service.get_own(owner_id=ALICE, asset_id=asset.pk)
    assert failed.has_failed
    assert failed.original.failure == "missing"
