"""All of one's originals as one ZIP: complete, under names that harm nobody, in little memory."""

from __future__ import annotations

import io
import tracemalloc
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse

from apps.media import archive, models
from apps.media.contract import StorageAway
from apps.media.folder import Folder
from apps.media.storage import originals
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = [pytest.mark.django_db(databases="__all__")]

URL = "/pictures/download"


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


def test_no_name_leads_anywhere_or_stands_there_twice(client, me, upload):
    names = (
        "../../etc/passwd.png",
        "C:\\x\n.png",
        "dunes.png",
        "Dunes.PNG",
        "dunes (2).png",
        "MISSING.txt",
        "",
        "dunes.png",
    )
    for number, name in enumerate(names):
        upload(me.id, picture(40 + number), name)
    inside = opened(client.get(URL)).namelist()
    assert len({name.casefold() for name in inside}) == len(names)
    assert not [name for name in inside if "/" in name or "\\" in name or "\n" in name]
    assert {"dunes.png", "Dunes (2).png", "dunes (3).png", "dunes _2_.png"} <= set(inside), inside


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
