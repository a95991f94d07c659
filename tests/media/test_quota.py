"""How much room somebody's pictures may take: told, and never passed, by whatever way they come."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.utils import translation

from apps.media import contract, models, service
from apps.media.quota import Room, room_of
from apps.media.reasons import PictureRefused, Size
from apps.media.storage import incoming_files
from seam import atomic
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")

ALICE, BOB = uuid.uuid4(), uuid.uuid4()


def used(owner_id=ALICE):
    return int(room_of(owner_id).used)


def is_right(owner_id=ALICE):
    """The count is what the pictures there are have together."""
    return used(owner_id) == sum(
        models.Asset.objects.filter(owner_id=owner_id).values_list("original__bytes", flat=True)
    )


def test_each_picture_counts_once_for_each_who_has_it(upload):
    data = picture(seed=1)
    asset = upload(ALICE, data)
    upload(ALICE, data)
    upload(BOB, data)
    assert (used(), used(BOB)) == (len(data), len(data))
    upload(ALICE, picture(seed=2))
    assert is_right()
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)
    assert is_right()
    assert used(BOB) == len(data)
    with atomic("media"):
        service.forget_owner(BOB)
    assert not models.Usage.objects.filter(pk=BOB).exists()


def test_what_has_no_room_is_refused_with_nothing_kept(upload, settings, files):
    first, second = picture(seed=1), picture(seed=2)
    settings.MEDIA_QUOTA = len(first) + 10
    upload(ALICE, first)
    before = files()
    with pytest.raises(PictureRefused) as refused:
        upload(ALICE, second)
    assert str(refused.value) == (
        f"There is no room for this picture of {Size(len(second))}: of your {Size(settings.MEDIA_QUOTA)}, "
        f"{Size(10)} are left. Delete pictures you no longer need, then try again."
    )
    assert files() == before
    assert upload(ALICE, first), "what is here already needs no room"
    assert upload(BOB, picture(seed=2)), "somebody else has room of their own"
    with pytest.raises(PictureRefused):
        upload(ALICE, picture(seed=2))  # known by now, but not hers
    assert is_right()
    assert models.Asset.objects.filter(owner_id=ALICE).count() == 1


def test_one_that_finds_no_room_at_the_very_end_leaves_no_file(upload, settings, files, monkeypatch):
    """There was room when it was looked at; another upload took it meanwhile."""
    settings.MEDIA_QUOTA = 10
    monkeypatch.setattr(service, "room_of", lambda owner_id: Room(used=Size(0), quota=Size(0)))
    with pytest.raises(PictureRefused):
        upload(ALICE)
    assert files() == []
    assert models.Original.objects.count() == used() == 0


def test_without_a_limit_there_is_none(upload, settings):
    settings.MEDIA_QUOTA = 0
    upload(ALICE)
    assert is_right()


def test_by_the_form_and_by_the_api(client, alice, settings):
    settings.MEDIA_QUOTA = 10
    signed_in = sign_in(client, alice)
    answer = signed_in.post("/pictures/upload", {"file": SimpleUploadedFile("lake.png", picture())})
    assert answer.status_code == 422
    assert "<strong>lake.png</strong>: There is no room for this picture" in answer.content.decode()
    answer = signed_in.post("/api/v1/media/assets", {"file": SimpleUploadedFile("lake.png", picture())})
    assert (answer.status_code, answer.json()["code"]) == (413, "media.no_room")
    assert "Delete pictures" in answer.json()["detail"]


def test_for_another_context(settings, files):
    settings.MEDIA_QUOTA = 10
    incoming_files().save("x/lake.png", SimpleUploadedFile("lake.png", picture()))
    with pytest.raises(contract.PictureRefused, match="no room"):
        service.take_incoming(owner_id=ALICE, name="x/lake.png")
    assert files() == []


@pytest.mark.slow
@pytest.mark.django_db(databases="__all__", transaction=True)
def test_many_uploads_at_once_stay_within_it(upload, settings):
    pictures = [picture(40, 30, seed=seed) for seed in range(8)]
    settings.MEDIA_QUOTA = 3 * max(map(len, pictures)) + 10

    def one(data):
        try:
            return upload(ALICE, data)
        except PictureRefused as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(one, pictures))
    assert ended.count("no_room") == 5
    assert models.Asset.objects.filter(owner_id=ALICE).count() == 3
    assert is_right()


def test_the_library_shows_it(client, alice, upload, settings):
    signed_in = sign_in(client, alice)
    assert "<meter" not in signed_in.get("/pictures/").content.decode()
    upload(alice.id)
    settings.MEDIA_QUOTA = 2_000_000
    page = signed_in.get("/pictures/").content.decode()
    assert f"{Size(used(alice.id))} of 2\u00a0MB used" in page
    assert f'max="2000000" high="1800000" value="{used(alice.id)}"' in page
    settings.MEDIA_QUOTA = used(alice.id) + 1
    assert "are left: delete pictures" in signed_in.get("/pictures/").content.decode()
    settings.MEDIA_QUOTA = 0
    page = signed_in.get("/pictures/").content.decode()
    assert "<meter" not in page
    assert f"{Size(used(alice.id))} used" in page


def test_a_site_that_had_pictures_before_knows_their_words_and_their_room(upload):
    """What the migration makes of them; run twice it makes the same."""
    upload(ALICE, picture(seed=1), title="Blue lake")
    upload(ALICE, picture(seed=2), title="Hill")
    expected = used(), sorted(models.AssetWord.objects.values_list("asset_id", "word"))
    with atomic("media"):
        models.AssetWord.objects.filter(word="lake").delete()
        models.Usage.objects.all().delete()
        fill = import_module("apps.media.migrations.0002_words_and_usage").fill
        for _time in range(2):
            fill(apps, connections["media"].schema_editor())
    assert (used(), sorted(models.AssetWord.objects.values_list("asset_id", "word"))) == expected


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (10, "10 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (4_200_000, "4.2 MB"),
        (5 * 10**9, "5 GB"),
        (999_960, "1.0 MB"),
        (123_456_789, "123 MB"),
        (10**16, "10000 TB"),
    ],
)
def test_sizes_as_people_read_them(size, said):
    with translation.override("en"):
        assert str(Size(size)).replace("\u00a0", " ") == said
