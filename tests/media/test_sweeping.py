"""manage.py sweep_media: what nobody names goes, what somebody names stays, what is lost is told."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta

import pytest
from django.core.files import File
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.media import models, service, sweeping
from apps.media.storage import incoming_files, originals, renditions
from apps.media.sweeping import Suspicious, sweep
from tests.media.drawn import picture

pytestmark = pytest.mark.django_db(databases="__all__")

ALICE, BOB = uuid.uuid4(), uuid.uuid4()
NOBODYS = {
    "originals/ab/nobodys",
    "originals/.probe-left",
    f"renditions/{'0' * 64}/1.webp",
    "incoming/x/never-arrived.png",
}


def later():
    return timezone.now() + timedelta(days=1, minutes=1)


def leave():
    """What crashes leave: files of each kind that no row names."""
    for name in sorted(NOBODYS):
        kind, _, inner = name.partition("/")
        storage = {"originals": originals, "renditions": renditions, "incoming": incoming_files}[kind]()
        storage.save(inner, File(io.BytesIO(b"left behind")))


@pytest.mark.slow
@pytest.mark.usefixtures("storage")
def test_what_nobody_names_goes_and_all_else_stays(upload, work, files, capsys):
    upload(ALICE, picture(800, 600))
    upload(ALICE, picture(40, 30), name="waiting.png")
    work()
    upload(ALICE, picture(400, 300, "JPEG")[:2000], name="to-fail.jpg")
    good = set(files())
    assert len(good) == 3 + 9 + 3
    leave()
    assert set(files()) == good | NOBODYS
    assert sweep(timezone.now()).files == 0, "somebody may be about to name them"
    assert sweep(later(), remove=False).files == len(NOBODYS)
    assert set(files()) == good | NOBODYS
    swept = sweep(later())
    assert (swept.files, swept.bytes, swept.missing) == (len(NOBODYS), 11 * len(NOBODYS), [])
    assert set(files()) == good
    assert sweep(later()).files == 0


@pytest.mark.usefixtures("storage")
def test_a_picture_that_lost_its_file_is_told_and_left_as_it_is(upload, capsys):
    asset = upload(ALICE)
    originals().delete(asset.original.name)
    call_command("sweep_media")
    said = capsys.readouterr()
    assert f"picture {asset.pk} of {ALICE}" in said.err
    assert "Originals that are gone: 1." in said.err
    assert models.Asset.objects.filter(pk=asset.pk).exists()


@pytest.mark.usefixtures("storage")
def test_a_lost_file_is_there_again_once_somebody_uploads_it_again(upload, work):
    asset = upload(ALICE)
    originals().delete(asset.original.name)
    work()
    asset.original.refresh_from_db()
    assert asset.original.failure == "missing"
    assert "Upload it again." in asset.reason
    assert upload(BOB).original == asset.original, "whoever brings these bytes"
    work()
    asset.original.refresh_from_db()
    assert asset.is_ready
    assert sweep(later()).missing == []


def test_what_is_left_of_a_picture_that_was_deleted_before_its_files_were(upload, work, files):
    asset = upload(ALICE, picture(800, 600))
    work()
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)  # and the job that removes them never runs
    models.Job.objects.all().delete()
    assert len(files()) == 10
    assert sweep(later()).files == 10
    assert files() == []


def test_nothing_at_all(files):
    swept = sweep(later())
    assert (swept.files, swept.missing) == (0, [])


def test_only_folders_that_are_there_are_looked_into(monkeypatch, upload):
    """A store takes some milliseconds for each, and 256 of them made a sweep of few pictures take seconds."""
    there, lost = upload(ALICE).original.name, upload(ALICE, picture(seed=1)).original.name
    originals().delete(lost)
    looked, listdir = [], originals().listdir
    monkeypatch.setattr(originals(), "listdir", lambda folder: looked.append(folder) or listdir(folder))
    assert sweep(later()).missing == [lost]
    assert looked == ["", f"{there[:2]}/"]


def test_the_command_says_what_it_does(monkeypatch, capsys, files):
    leave()
    monkeypatch.setattr(sweeping, "KEEP", timedelta(seconds=-60))
    call_command("sweep_media", "--dry-run")
    said = capsys.readouterr().out
    assert "4 files that nobody names would be removed, 44\u00a0B." in said
    assert set(said.splitlines()) >= NOBODYS
    assert len(files()) == 4
    call_command("sweep_media")
    assert "4 files that nobody names removed" in capsys.readouterr().out
    assert files() == []


def test_another_sites_files_are_not_swept_away(monkeypatch, upload, files, capsys):
    """The site was given the wrong database, or one of long ago."""
    upload(ALICE)
    monkeypatch.setattr(sweeping, "SUSPICIOUS", 2)
    monkeypatch.setattr(sweeping, "KEEP", timedelta(seconds=-60))
    for number in range(3):
        originals().save(f"cd/{number}", File(io.BytesIO(b"theirs")))
    with pytest.raises(Suspicious, match="3 originals are named by nobody, and only 1 are known"):
        sweep(later())
    with pytest.raises(CommandError, match="nothing was removed"):
        call_command("sweep_media")
    assert len(files()) == 4
    call_command("sweep_media", "--dry-run")
    assert "cd/0" in capsys.readouterr().out
    call_command("sweep_media", "--believe")
    assert len(files()) == 1


@pytest.mark.slow
def test_once_on_each_day_on_which_a_picture_comes(upload, work):
    for seed in range(2):
        upload(ALICE, picture(seed=seed))
    assert models.Job.objects.filter(name="media.sweep").count() == 1
    originals().save("ab/nobodys", File(io.BytesIO(b"left")))
    work()
    assert models.Job.objects.get(name="media.sweep").status == "done"
    assert originals().exists("ab/nobodys"), "it is not a day old"


def test_an_upload_under_way_is_left_alone(monkeypatch, upload, files):
    """Between the file and its row: swept at that very moment, as if it took hours to look."""
    keep = originals().save
    swept = []

    def save_and_be_swept(name, content):
        kept = keep(name, content)
        swept.append(sweep(timezone.now() + timedelta(hours=23)))
        return kept

    monkeypatch.setattr(originals(), "save", save_and_be_swept)
    asset = upload(ALICE)
    assert [one.files for one in swept] == [0]
    assert originals().exists(asset.original.name)
