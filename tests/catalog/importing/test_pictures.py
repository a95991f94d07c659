"""Picture files that records name: real files, through media's promise, stored once."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from apps.catalog.models import Item, ItemPicture
from apps.media import bucket
from apps.media.contract import AssetStatus, Media, NothingIncoming, PictureRefused
from seam import use
from tests.catalog.importing.conftest import Run, thing
from tests.people import make_person
from tests.servers import free_port

pytestmark = pytest.mark.django_db(databases="__all__")

MAPPING = """
name = "shop"
[item]
key = "sku"
title = "name"
[pictures]
source = "files"
split = "|"
folder = "photos"
alt = "{name}, framed"
"""


def png(colour: str) -> bytes:
    data = BytesIO()
    Image.new("RGB", (40, 30), colour).save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for colour in ("red", "blue"):
        (folder / f"{colour}.png").write_bytes(png(colour))
    (tmp_path / "secret.png").write_bytes(png("black"))
    return folder


@pytest.fixture
def shop(run: Run, photos: Path, settings) -> Run:
    person = make_person("alice@example.com")

    def shop(rows: list[dict], **options: object):
        result = run(rows, MAPPING, owner="alice@example.com", **options)
        incoming = Path(settings.STORAGES["incoming"]["OPTIONS"]["location"])
        assert [path for path in incoming.rglob("*") if path.is_file()] == []
        return result

    shop.owner = person.id  # type: ignore[attr-defined]
    return shop


def pictures(key: str) -> list:
    titles = {f"Print {number}": f"S{number}" for number in range(10)}
    item = next(item for item in Item.objects.all() if titles[item.title] == key)
    return list(ItemPicture.objects.filter(item=item).order_by("position").values_list("asset_id", flat=True))


def owned(shop: Run) -> list:
    return use(Media).list_assets(owner_id=shop.owner).assets  # type: ignore[attr-defined]


def test_pictures_are_given_to_media_in_order_and_once(shop: Run) -> None:
    result = shop([thing(1, files="red.png|blue.png"), thing(2, files="blue.png")])
    assert result.code == 0
    red, blue = pictures("S1")
    assert pictures("S2") == [blue]
    assert {asset.id for asset in owned(shop)} == {red, blue}
    asset = use(Media).get_asset(asset_id=red)
    assert (asset.alt, asset.title, asset.status) == ("Print 1, framed", "red", AssetStatus.PROCESSING)


def test_the_same_bytes_under_another_name_are_stored_once(shop: Run, photos: Path) -> None:
    (photos / "also-red.png").write_bytes(png("red"))
    shop([thing(1, files="red.png|also-red.png")])
    assert len(pictures("S1")) == len(owned(shop)) == 1


def test_a_missing_picture_costs_the_picture_and_not_the_item(shop: Run, photos: Path) -> None:
    rows = [thing(1, files="red.png|green.png")]
    result = shop(rows)
    assert result.code == 3
    assert "1 created" in result.output
    assert "1 picture was left out" in result.output
    assert [(bad["line"], bad["record"]["sku"]) for bad in result.rejects] == [(1, "S1")]
    assert "no picture file “green.png” in" in result.rejects[0]["reason"]
    assert len(pictures("S1")) == 1
    assert shop(rows).code == 3  # told again as long as it is missing
    (photos / "green.png").write_bytes(png("green"))
    assert "1 updated" in shop(rows).output
    assert len(pictures("S1")) == 2
    assert "1 unchanged" in shop(rows).output


def test_a_file_that_is_no_picture_is_told(shop: Run, photos: Path) -> None:
    (photos / "notes.png").write_text("not a picture")
    (photos / "empty.png").write_bytes(b"")
    result = shop([thing(1, files="notes.png|empty.png|red.png")])
    (bad,) = result.rejects
    assert bad["reason"].startswith("The item is taken, but not all its pictures. notes.png: This is not a")
    assert "This file is empty" in bad["reason"]
    assert "2 pictures were left out" in result.output
    assert len(pictures("S1")) == len(owned(shop)) == 1


def test_what_was_rejected_comes_in_when_the_cause_is_mended(shop: Run, photos: Path) -> None:
    """As the guide has it: the records alone, once each."""
    rows = [thing(1, files="green.png|red.png|grey.png"), thing(2, name="", files="green.png")]
    rejects = shop([*rows, thing(1, files="white.png")]).rejects
    assert [(bad["line"], bad["record"]["sku"]) for bad in rejects] == [(2, "S2"), (3, "S1"), (1, "S1")]
    for name in ("green", "grey"):
        (photos / f"{name}.png").write_bytes(png(name))
    again = [bad["record"] | {"name": "Print 2"} if bad["line"] == 2 else bad["record"] for bad in rejects]
    del again[1]  # its key was the cause
    result = shop(again)
    assert "1 created, 1 updated, 0 unchanged, 0 rejected" in result.output
    assert (len(pictures("S1")), len(pictures("S2"))) == (3, 1)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "link.png", "a\u0000b", "x" * 300, "."])
def test_only_files_in_the_folder_are_read(shop: Run, photos: Path, name: str) -> None:
    (photos / "link.png").symlink_to(photos.parent / "secret.png")
    result = shop([thing(1, files=name)])
    assert result.code == 3
    assert owned(shop) == []


def test_a_file_that_changed_is_taken_again_and_others_are_not(shop: Run, photos: Path) -> None:
    rows = [thing(1, files="red.png"), thing(2, files="blue.png")]
    shop(rows)
    before = pictures("S1"), pictures("S2")
    assert "2 unchanged" in shop(rows).output
    (photos / "red.png").write_bytes(png("orange"))
    assert "1 updated, 1 unchanged" in shop(rows).output
    assert pictures("S1") != before[0]
    assert pictures("S2") == before[1]


def test_another_folder_can_be_given(shop: Run, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/green.png").write_bytes(png("green"))
    assert shop([thing(1, files="green.png")], pictures=tmp_path / "elsewhere").code == 0
    assert len(pictures("S1")) == 1


def test_pictures_need_an_owner(run: Run, photos: Path) -> None:
    result = run([thing(1, files="red.png")], MAPPING)
    assert result.code == 1
    assert "--owner EMAIL" in result.output


def test_a_dry_run_says_which_pictures_are_there(run: Run, photos: Path) -> None:
    result = run([thing(1, files="red.png|green.png")], MAPPING, dry_run=True)
    assert "red.png\n" in result.output
    assert "green.png (not found)" in result.output


def test_media_takes_what_is_on_its_way_in_and_removes_it(shop: Run) -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    owner = shop.owner  # type: ignore[attr-defined]
    incoming = storages["incoming"]
    incoming.save("a/red.png", ContentFile(png("red")))
    asset = use(Media).take_incoming(owner_id=owner, name="a/red.png", title="Red", alt="All red")
    assert (asset.title, asset.alt, asset.owner_id) == ("Red", "All red", owner)
    assert not incoming.exists("a/red.png")
    with pytest.raises(NothingIncoming):
        use(Media).take_incoming(owner_id=owner, name="a/red.png")
    incoming.save("a/text.png", ContentFile(b"text"))
    with pytest.raises(PictureRefused, match="not a picture"):
        use(Media).take_incoming(owner_id=owner, name="a/text.png")
    assert not incoming.exists("a/text.png")


def test_by_a_bucket_it_is_the_same(shop: Run, keep_files_at, s3_server) -> None:
    keep_files_at(s3_server.make_bucket("import"))
    assert shop([thing(1, files="red.png|blue.png"), thing(2, files="blue.png")]).code == 0
    red, blue = pictures("S1")
    assert pictures("S2") == [blue]
    assert {asset.id for asset in owned(shop)} == {red, blue}
    listed = s3_server.client.list_objects_v2(Bucket="import")["Contents"]
    assert {found["Key"].partition("/")[0] for found in listed} == {"originals"}, "nothing stays on its way"


def test_while_the_bucket_is_away_items_come_without_pictures_and_get_them_later(
    shop: Run, keep_files_at, s3_server
) -> None:
    keep_files_at(f"s3://k:s@import?endpoint=http://127.0.0.1:{free_port()}")
    assert "1 picture was left out." in shop([thing(1, files="red.png")]).output
    assert pictures("S1") == []
    keep_files_at(s3_server.make_bucket("import-later"))
    bucket.patience.forget()
    assert shop([thing(1, files="red.png")]).code == 0
    assert len(pictures("S1")) == 1
