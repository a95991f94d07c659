"""All of one's originals as one ZIP: complete, under names that harm nobody, in little memory."""

from __future__ import annotations

import io
import tracemalloc
from contextlib import suppress
from random import Random
from zipfile import ZipFile

import pytest
from botocore.exceptions import IncompleteReadError
from django.test import Client
from django.urls import reverse
from PIL import Image

from apps.media import archive, models
from apps.media.contract import StorageAway
from apps.media.folder import Folder
from apps.media.storage import originals
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = [pytest.mark.django_db(databases="__all__")]

URL = "/pictures/download"


def large() -> bytes:
    """A picture that is read in several pieces."""
    file = io.BytesIO()
    Image.frombytes("RGB", (300, 300), Random(5).randbytes(270_000)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def me(client, alice):
    sign_in(client, alice)
    return alice


def opened(answer) -> ZipFile:
    assert answer.status_code == 200
    zipped = ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert zipped.testzip() is None
    return zipped


@pytest.mark.usefixtures("storage")
def test_it_holds_every_original_as_it_was_uploaded(client, me, bob, upload, monkeypatch):
    monkeypatch.setattr(archive, "PAGE", 2)
    sent = {f"print {n}.png": picture(40 + n) for n in range(5)}
    for name, data in sent.items():
        upload(me.id, data, name)
    upload(bob.id, picture(90), "of somebody else.png")
    answer = client.get(URL)
    zipped = opened(answer)
    assert {name: zipped.read(name) for name in zipped.namelist()} == sent
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pictures.zip"'
    assert answer.headers["Cache-Control"] == "private, no-store"


NAMES = {
    "../../etc/passwd.png": "passwd.png",
    "C:\\a\\x:\n.png": "x__.png",
    "gnp.\u202eexe.png": "gnp._exe.png",
    ".hidden.png": "hidden.png",
    ". .png": "picture.png",
    "MISSING.txt": "MISSING.png",
    "page.html": "page.png",
    "Málaga, a las 7 (año 2).PNG": "Málaga, a las 7 (año 2).PNG",
    "Mac e\u0301.png": "Mac é.png",
    "日本語 😀.png": "日本語 😀.png",
    f"{'ñ' * 250}.png": f"{'ñ' * 100}.png",
}


@pytest.mark.parametrize("name", NAMES)
def test_each_is_called_as_it_was_as_far_as_that_harms_nobody(client, me, upload, name):
    upload(me.id, name=name)
    [inside] = opened(client.get(URL)).namelist()
    assert inside == NAMES[name]


def test_no_name_stands_there_twice(client, me, upload):
    names = ("dunes (2).png", "dunes.png", "Dunes.PNG", "dunes.png", f"{'ñ' * 249}.png", f"{'ñ' * 248}.png")
    for number, name in enumerate(names):
        upload(me.id, picture(40 + number), name)
    inside = opened(client.get(URL)).namelist()
    assert inside == [
        f"{'ñ' * 100}.png",
        f"{'ñ' * 100} (2).png",
        "dunes.png",
        "Dunes (2).PNG",
        "dunes (3).png",
        "dunes (2) (2).png",
    ]


def test_a_file_that_is_lost_is_named_and_the_others_come(client, me, upload):
    upload(me.id, picture(40), "kept.png")
    lost = upload(me.id, picture(41), "lost.png")
    originals().delete(lost.original.name)
    zipped = opened(client.get(URL, headers={"Accept-Language": "es"}))
    assert zipped.namelist() == ["kept.png", "MISSING.txt"]
    assert "se perdieron" in zipped.read("MISSING.txt").decode()
    assert "lost.png" in zipped.read("MISSING.txt").decode()


def test_while_the_files_are_away_it_says_so(client, me, upload, monkeypatch):
    upload(me.id)

    def away(*_args):
        raise StorageAway("gone")

    monkeypatch.setattr(Folder, "part", away)
    answer = client.get(URL)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_what_breaks_off_is_no_whole_archive(me, upload, monkeypatch):
    """Whoever reads must see that it did not end."""
    upload(me.id, picture(40))
    upload(me.id, picture(41))
    part, asked = Folder.part, []

    def first_only(self, name, wanted):
        asked.append(name)
        if len(asked) > 1:
            raise StorageAway("gone")
        return part(self, name, wanted)

    monkeypatch.setattr(Folder, "part", first_only)
    with pytest.raises(StorageAway):
        b"".join(archive.archive(me.id))


def test_a_library_larger_than_memory_goes_through(me, upload, monkeypatch):
    asset, large = upload(me.id), 200 * 1024 * 1024
    models.Original.objects.filter(pk=asset.original_id).update(bytes=large)
    content = bytes(64 * 1024)

    def part(self, name, wanted):
        yield from (content for _ in range(0, large, len(content)))

    monkeypatch.setattr(Folder, "part", part)
    tracemalloc.start()
    try:
        length = sum(map(len, archive.archive(me.id)))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > large
    assert most < 10 * 1024 * 1024


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("taken", [0, 1, 2])
def test_who_hangs_up_leaves_no_file_open(me, upload, monkeypatch, taken):
    upload(me.id, large())
    kind, contents = type(originals()), []
    part = kind.part

    def held(self, name, wanted):
        contents.append(part(self, name, wanted))  # so it is not closed by being forgotten
        return contents[-1]

    monkeypatch.setattr(kind, "part", held)
    pieces = archive.archive(me.id)
    for _piece in range(taken):
        next(pieces)
    pieces.close()
    del pieces
    for content in contents:
        with suppress(IncompleteReadError):  # how S3's says that it is closed
            assert b"".join(content) == b""
    assert len(contents) == 1


def test_a_picture_of_more_than_four_gigabytes_is_whole(me, upload, monkeypatch):
    """Its lengths need more than 32 bits, which has to be known before it is written."""
    asset = upload(me.id)
    models.Original.objects.filter(pk=asset.original_id).update(bytes=5 * 2**30)
    monkeypatch.setattr(Folder, "part", lambda self, name, wanted: (piece for piece in [picture()]))
    zipped = ZipFile(io.BytesIO(b"".join(archive.archive(me.id))))
    assert zipped.read("p.png") == picture()
    assert zipped.infolist()[0].extract_version == 45


def test_only_its_headers(client, me, upload):
    upload(me.id)
    answer = client.head(URL)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")


def test_without_pictures_there_is_none_and_no_link_to_it(client, me):
    assert client.get(URL).url == reverse("media:pictures")
    assert URL not in client.get(reverse("media:pictures")).content.decode()


def test_it_is_found_from_the_pictures_and_from_ones_data(client, me, upload):
    upload(me.id)
    for page in (reverse("media:pictures"), reverse("auth:data")):
        assert f'href="{URL}"' in client.get(page).content.decode()


def test_who_is_not_signed_in_is_asked_to(upload, alice):
    upload(alice.id)
    answer = Client().get(URL)
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))
