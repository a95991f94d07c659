"""Keeping, describing and deleting pictures: once, twice, halfway, and at the same moment."""

from __future__ import annotations

import io
import threading
import uuid

import pytest
from django.core.files import File
from django.db import connections
from django.utils import timezone

from apps.auth.contract import UserDeleted
from apps.media import models, service
from apps.media.contract import AssetNotFound, AssetStatus
from apps.media.reasons import PictureRefused
from apps.media.storage import originals, renditions
from seam import atomic, publish
from seam.registry import registry
from seam.rows import Status
from tests.media import drawn
from tests.media.drawn import picture

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("storage")]

ALICE, BOB = uuid.uuid4(), uuid.uuid4()


def said(name):
    return list(
        models.OutboxEvent.objects.filter(name=f"media.{name}.v1")
        .order_by("created_at")
        .values_list("data", flat=True)
    )


def jobs(**which):
    return list(models.Job.objects.filter(**which).order_by("created_at"))


def rendered(job):
    """The work of the job, without its effect."""
    return registry["media"].jobs[job.name].do(job.data, str(job))


def test_an_upload_is_kept_at_once_and_shown_when_the_worker_is_through(upload, work, files):
    asset = upload(ALICE, picture(800, 600), name="C:\\photos\\Lake.jpeg.png", alt="A lake")
    assert (asset.title, asset.alt, asset.status) == ("Lake.jpeg", "A lake", AssetStatus.PROCESSING)
    assert (asset.original.width, asset.original.height, asset.original.format) == (800, 600, "PNG")
    assert len(files()) == 1
    assert said("asset_ready") == []
    assert work() == 2, "and what is swept once a day"
    shown = service.get_asset(asset_id=asset.pk)
    assert shown.status is AssetStatus.READY
    assert shown.placeholder.startswith("data:image/webp;base64,")
    assert len(shown.renditions) == 9
    assert len(files()) == 10
    for rendition in shown.renditions:
        assert rendition.url.startswith("/media/r/")
        assert renditions().exists(rendition.url.removeprefix("/media/r/"))
    [event] = said("asset_ready")
    assert event["asset"]["id"] == str(asset.pk)
    assert len(event["asset"]["renditions"]) == 9


def test_the_original_is_named_by_its_bytes_and_is_exactly_what_came(upload):
    data = picture()
    asset = upload(ALICE, data)
    assert asset.original.sha256 in asset.original.name
    with originals().open(asset.original.name) as file:
        assert file.read() == data


def test_the_same_bytes_by_the_same_person_are_the_same_picture(upload, work, files):
    first = upload(ALICE)
    assert upload(ALICE).pk == first.pk
    work()
    assert upload(ALICE, title="another").pk == first.pk
    assert work() == 0
    assert models.Asset.objects.count() == 1
    assert len([name for name in files() if name.startswith("originals")]) == 1


def test_the_same_bytes_by_somebody_else_are_kept_once_and_made_once(upload, work, files):
    hers = upload(ALICE)
    work()
    before = files()
    his = upload(BOB, title="His")
    assert his.pk != hers.pk
    assert his.is_ready, "there is nothing left to make"
    assert files() == before
    assert [event["asset"]["owner_id"] for event in said("asset_ready")] == [str(ALICE), str(BOB)]


def test_both_are_told_when_the_second_came_before_the_first_was_made(upload, work):
    upload(ALICE)
    upload(BOB)
    assert work() == 2, "and what is swept once a day"
    assert {event["asset"]["owner_id"] for event in said("asset_ready")} == {str(ALICE), str(BOB)}


def test_a_picture_that_can_not_be_shown_says_why_and_can_be_tried_again(upload, work):
    asset = upload(ALICE, picture(400, 300, "JPEG")[:2000])
    work()
    asset = service.get_own(owner_id=ALICE, asset_id=asset.pk)
    assert asset.has_failed
    assert "damaged or incomplete" in asset.reason
    [event] = said("asset_failed")
    assert event == {"asset_id": str(asset.pk), "reason": asset.reason}
    assert service.retry(owner_id=ALICE, asset_id=asset.pk).is_processing
    assert service.retry(owner_id=ALICE, asset_id=asset.pk).is_processing
    assert work() == 1, "pressed twice, tried once"


def test_uploading_again_what_failed_tries_again(upload, work):
    broken = picture(400, 300, "JPEG")[:2000]
    asset = upload(ALICE, broken)
    work()
    assert upload(ALICE, broken) == asset
    assert work() == 1


def test_a_picture_that_got_stuck_can_be_started_again(upload, work):
    asset = upload(ALICE)
    models.Job.objects.update(status=Status.PARKED)
    assert not service.may_retry(service.get_own(owner_id=ALICE, asset_id=asset.pk))
    models.Original.objects.update(tried_at=timezone.now() - service.STUCK_AFTER)
    assert service.may_retry(service.get_own(owner_id=ALICE, asset_id=asset.pk))
    service.retry(owner_id=ALICE, asset_id=asset.pk)
    work()
    assert service.get_own(owner_id=ALICE, asset_id=asset.pk).is_ready


@pytest.mark.slow
def test_the_job_done_twice_is_done_once(upload, work, files):
    """Its worker was killed after the files were written and before the row was marked."""
    upload(ALICE)
    [job] = jobs(name="media.render_asset")
    rendered(job)
    halfway = files()
    assert len(halfway) > 1
    work()
    assert files() == halfway
    with atomic("media"):
        service.finish_rendering(job.data, rendered(job))
    assert len(said("asset_ready")) == 1


def test_a_storage_that_is_away_is_tried_again_and_no_fault_of_the_picture(upload, work, monkeypatch):
    asset = upload(ALICE)

    def away(*_arguments):
        raise ConnectionError("the storage is away")

    with monkeypatch.context() as patched:
        patched.setattr(type(renditions()), "_save", away)
        assert work() >= 2, "and what is swept once a day; a slow machine has come to the second attempt"
    [job] = jobs(name="media.render_asset")
    assert job.status == Status.WAITING
    assert "the storage is away" in job.last_error
    assert service.get_own(owner_id=ALICE, asset_id=asset.pk).is_processing
    models.Job.objects.update(due_at=timezone.now())
    work()
    assert service.get_own(owner_id=ALICE, asset_id=asset.pk).is_ready


def test_nothing_is_left_of_an_upload_whose_row_was_refused(upload, monkeypatch, files):
    def full(*_arguments, **_more):
        raise OSError("the disk is full")

    monkeypatch.setattr(models.Asset.objects, "create", full)
    with pytest.raises(OSError, match="full"):
        upload(ALICE)
    assert models.Original.objects.count() == models.Job.objects.count() == 0


def test_a_file_is_whole_or_not_there(files):
    class Breaks(io.BytesIO):
        def read(self, *arguments):
            if self.tell():
                raise ConnectionResetError("halfway")
            return super().read(10)

    with pytest.raises(ConnectionResetError):
        originals().save("ab/half", File(Breaks(bytes(100)), name="half"))
    assert not originals().exists("ab/half")
    assert all(name.startswith("originals/.partial/") for name in files())


def test_saving_under_the_same_name_again_leaves_one_file(files):
    for _time in range(2):
        assert originals().save("ab/same", File(io.BytesIO(b"bytes"))) == "ab/same"
    assert files() == ["originals/ab/same"]


@pytest.mark.parametrize("name", ["../escaped", "/etc/escaped", "ab/../../escaped"])
def test_a_name_can_not_leave_the_storage(name, folders):
    from django.core.exceptions import SuspiciousFileOperation

    with pytest.raises(SuspiciousFileOperation):
        originals().save(name, File(io.BytesIO(b"bytes")))
    assert not list(folders.rglob("*escaped*"))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"<html><script>alert(1)</script>", "not_a_picture"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(100), "not_a_picture"),
        (b"\xff\xd8\xff" + b"not really", "not_a_picture"),
        (b"\x89PNG\r\n\x1a\n", "not_a_picture"),
        (drawn.png_bomb(9434, 9434), "too_many_pixels"),
        (drawn.lying_png(7000, 7000), "too_many_pixels"),
    ],
)
def test_what_can_not_be_a_picture_is_refused_before_anything_is_kept(upload, data, code, files):
    with pytest.raises(PictureRefused) as refused:
        upload(ALICE, data, name="innocent.jpg")
    assert refused.value.code == code
    assert str(refused.value).endswith(".")
    assert files() == []
    assert models.Asset.objects.count() == models.Original.objects.count() == models.Job.objects.count() == 0


def test_a_stream_of_any_length_is_read_only_to_the_limit(upload, settings):
    settings.MEDIA_MAX_UPLOAD_MB = 1

    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            self.taken += size
            return bytes(size)

        def seek(self, *_arguments):
            return 0

    endless = Endless()
    with pytest.raises(PictureRefused) as refused:
        service.keep(owner_id=ALICE, file=endless)
    assert refused.value.code == "too_large"
    assert endless.taken < 2_000_000


def test_deleting_takes_rows_and_files_and_tells(upload, work, files):
    asset = upload(ALICE)
    work()
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)
    with pytest.raises(AssetNotFound):
        service.get_asset(asset_id=asset.pk)
    assert said("asset_deleted") == [{"asset_id": str(asset.pk)}]
    assert files(), "the files go by a job, which may fail and is tried again"
    work()
    assert files() == []
    assert models.Original.objects.count() == 0


def test_files_stay_as_long_as_somebody_has_a_picture_of_them(upload, work, files):
    hers, his = upload(ALICE), upload(BOB)
    work()
    before = files()
    service.delete_asset(owner_id=ALICE, asset_id=hers.pk)
    work()
    assert files() == before
    service.delete_asset(owner_id=BOB, asset_id=his.pk)
    work()
    assert files() == []


def test_removing_files_twice_is_no_error(upload, work, files):
    asset = upload(ALICE)
    work()
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)
    with atomic("media"):
        [job] = jobs(name="media.remove_files")
        models.Job.objects.create(name=job.name, data=job.data, key="again")
    assert work() == 2
    assert {job.status for job in jobs()} == {Status.DONE}
    assert files() == []


def test_once_its_files_are_gone_caches_of_them_are_told(upload, work, client):
    asset = upload(ALICE)
    work()
    [name, *_] = asset_files(asset)
    tag = client.get(renditions().url(name)).headers["Cache-Tag"]
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)
    assert said("renditions_removed") == [], "what is still there would be fetched again"
    work()
    assert said("renditions_removed") == [{"tags": [tag]}]


def asset_files(asset):
    return models.Asset.objects.get(pk=asset.pk).original.rendition_names


def test_a_picture_deleted_while_it_is_being_made_leaves_nothing(upload, work, files):
    asset = upload(ALICE)
    [job] = jobs(name="media.render_asset")
    result = rendered(job)
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)
    with atomic("media"):
        service.finish_rendering(job.data, result)
    work()
    assert files() == []
    assert said("asset_ready") == []
    assert {job.status for job in jobs()} == {Status.DONE}


def test_the_same_bytes_uploaded_between_deletion_and_its_job_are_safe(upload, work, files):
    first = upload(ALICE)
    work()
    service.delete_asset(owner_id=ALICE, asset_id=first.pk)
    second = upload(ALICE)
    assert second.pk != first.pk
    work()
    asset = service.get_own(owner_id=ALICE, asset_id=second.pk)
    assert asset.is_ready
    assert originals().exists(asset.original.name)
    assert all(renditions().exists(name) for name in asset.original.rendition_names)
    assert len(files()) == 1 + len(asset.original.renditions)


def test_changing_the_words_is_told_with_a_higher_version(upload, work):
    asset = upload(ALICE)
    service.describe(owner_id=ALICE, asset_id=asset.pk, title="Early", alt="")
    assert said("asset_ready") == [], "nobody has heard of it yet"
    work()
    service.describe(owner_id=ALICE, asset_id=asset.pk, title="Late", alt="A late hour")
    first, second = (event["asset"] for event in said("asset_ready"))
    assert (first["title"], second["title"], second["alt"]) == ("Early", "Late", "A late hour")
    assert int(second["version"]) > int(first["version"])


def test_somebody_elses_picture_is_not_there(upload):
    asset = upload(ALICE)
    for act in (
        lambda: service.get_own(owner_id=BOB, asset_id=asset.pk),
        lambda: service.describe(owner_id=BOB, asset_id=asset.pk, title="mine", alt=""),
        lambda: service.retry(owner_id=BOB, asset_id=asset.pk),
        lambda: service.delete_asset(owner_id=BOB, asset_id=asset.pk),
    ):
        with pytest.raises(AssetNotFound):
            act()
    assert service.get_asset(asset_id=asset.pk).title == "p"


@pytest.mark.slow
def test_when_somebody_leaves_their_pictures_go(upload, work, settle, files):
    for seed in range(3):
        upload(ALICE, picture(seed=seed))
    his = upload(BOB, picture(seed=0))
    work()
    with atomic("auth"):
        publish(UserDeleted(user_id=ALICE))
    settle()
    assert list(models.Asset.objects.values_list("pk", flat=True)) == [his.pk]
    assert len(said("asset_deleted")) == 3
    assert len([name for name in files() if name.startswith("originals")]) == 1


@pytest.mark.slow
@pytest.mark.django_db(databases="__all__", transaction=True)
def test_many_at_the_same_moment_keep_the_bytes_once_and_lose_none(upload, work, files):
    """Eight people upload and delete the same picture over and over; whoever has it in the end can see it."""
    people = [uuid.uuid4() for _person in range(8)]
    data, trouble = picture(64, 48), []

    def busy(person, keeps):
        try:
            for _round in range(3):
                asset = upload(person, data)
                service.delete_asset(owner_id=person, asset_id=asset.pk)
            if keeps:
                upload(person, data)
        except Exception as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=busy, args=(p, n % 2)) for n, p in enumerate(people)]
    worker = threading.Thread(target=lambda: (work(), connections.close_all()))
    for thread in [*threads, worker]:
        thread.start()
    for thread in [*threads, worker]:
        thread.join(timeout=120)
    assert trouble == []
    work()
    kept = models.Asset.objects.select_related("original")
    assert {asset.owner_id for asset in kept} == set(people[1::2])
    assert len({asset.original_id for asset in kept}) == 1
    original = kept[0].original
    assert all(asset.is_ready for asset in kept)
    assert sorted(files()) == sorted(
        [f"originals/{original.name}", *(f"renditions/{name}" for name in original.rendition_names)]
    )
    assert {job.status for job in jobs()} == {Status.DONE}
