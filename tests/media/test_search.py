"""Finding a picture again in one's own library: by title, description and the name of the file."""

from __future__ import annotations

import uuid

import pytest

from apps.media import models, search, service, views
from apps.media.paging import page_of
from seam import atomic
from tests.media.drawn import picture
from tests.people import sign_in
from tests.plans import analyze, asked, full_scans, on_mariadb

pytestmark = pytest.mark.django_db(databases="__all__")

ALICE, BOB = uuid.uuid4(), uuid.uuid4()


def found(query, owner_id=ALICE):
    return [str(asset) for asset in search.own_pictures(owner_id, query)]


@pytest.fixture
def called(known):
    """Somebody's picture of that title, found by it."""

    def called(title, owner_id=ALICE, **about):
        asset = known(owner_id, title)
        for name, value in about.items():
            setattr(asset, name, value)
        asset.save()
        with atomic("media"):
            search.index(asset)
        return asset

    return called


def test_by_title_description_and_name_of_the_file_newest_first(upload):
    upload(ALICE, picture(seed=1), name="IMG_20240511.png", title="Blue lake", alt="Water in May")
    upload(ALICE, picture(seed=2), name="hill.png", title="Blue hill")
    upload(BOB, picture(seed=3), title="Blue boat")
    assert found("blue") == ["Blue hill", "Blue lake"]
    assert found("20240511") == found("WATER") == found("wat may lake") == ["Blue lake"]
    assert found("boat") == found("blue boat") == []
    assert found("blue", BOB) == ["Blue boat"]


@pytest.mark.parametrize(
    ("title", "query"),
    [("Über Öl", "uber ol"), ("Niño", "nino"), ("Straße", "strasse"), ("東京タワー", "東京")],
)
def test_whatever_the_accents_and_the_script(called, title, query):
    called(title)
    assert found(query) == [title]


def test_what_is_described_anew_is_found_by_the_new_words_alone(upload):
    asset = upload(ALICE, title="Lake")
    service.describe(owner_id=ALICE, asset_id=asset.pk, title="Hill", alt="")
    assert (found("lake"), found("hill")) == ([], ["Hill"])
    service.delete_asset(owner_id=ALICE, asset_id=asset.pk)
    assert models.AssetWord.objects.count() == 0


@pytest.mark.parametrize("query", ["%", "_", "***", "'; --", "\0", "a" * 5000, "🌊"])
def test_signs_are_no_words_and_harm_nothing(called, query):
    called("Lake")
    assert found(query) == []


def test_without_words_there_is_everything(called):
    called("Lake")
    assert found("") == found("  ") == ["Lake"]


def test_words_that_very_many_have_are_found_along_the_newest(called, monkeypatch):
    monkeypatch.setattr(search, "COMMON", 2)
    for number in range(6):
        called(f"Print {number} {'even' if number % 2 == 0 else 'odd'}")
    assert found("print even") == ["Print 4 even", "Print 2 even", "Print 0 even"]
    page, after = page_of(search.own_pictures(ALICE, "print even"), limit=2, after=None)
    rest, end = page_of(search.own_pictures(ALICE, "print even"), limit=2, after=after)
    assert ([str(one) for one in (*page, *rest)], end) == (found("print even"), None)


def test_a_very_long_description_has_only_so_many_words(called):
    asset = called("x", alt=" ".join(f"w{n}" for n in range(110)))
    assert asset.words.count() == 100


def test_the_page(client, alice, called, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 2)
    signed_in = sign_in(client, alice)
    assert "Find a picture" not in signed_in.get("/pictures/").content.decode(), (
        "there is nothing to look for"
    )
    for number in range(3):
        called(f"Lake {number}", alice.id)
    called("Hill", alice.id)
    first = signed_in.get("/pictures/?find=lake")
    page = first.content.decode()
    assert "Pictures with “lake”" in page
    assert "Lake 2" in page
    assert "Hill" not in page
    second = signed_in.get("/pictures/" + first.context["next"]).content.decode()
    assert "Lake 0" in second
    assert "Lake 2" not in second
    assert 'href="/pictures/?find=lake"' in second, "back to the first of these"
    nothing = signed_in.get("/pictures/?find=%3Cb%3Eboat").content.decode()
    assert "Nothing found" in nothing
    assert 'value="&lt;b&gt;boat"' in nothing, "what was typed stays"
    assert signed_in.get("/pictures/?find=" + "x" * 3000).status_code == 200


def test_the_api(client, alice, called):
    called("Lake", alice.id)
    called("Hill", alice.id)
    answer = sign_in(client, alice).get("/api/v1/media/assets?q=lak").json()
    assert [item["title"] for item in answer["items"]] == ["Lake"]


@on_mariadb
@pytest.mark.django_db(databases="__all__", transaction=True)
@pytest.mark.parametrize("common", [1000, 10])
def test_no_search_reads_a_table_whole(known, monkeypatch, common):
    monkeypatch.setattr(search, "COMMON", common)
    unique = [uuid.uuid4().hex for _ in range(1500)]
    originals = models.Original.objects.bulk_create(
        models.Original(sha256=name, name=name, bytes=1, format="PNG", width=1, height=1) for name in unique
    )
    owners = [ALICE, BOB, uuid.uuid4()]
    assets = models.Asset.objects.bulk_create(
        models.Asset(owner_id=owners[n % 3], original=original, title=f"Print {n}")
        for n, original in enumerate(originals)
    )
    models.AssetWord.objects.bulk_create(
        models.AssetWord(asset=asset, owner_id=asset.owner_id, word=word)
        for asset in assets
        for word in ("print", asset.title[6:])
    )
    analyze("media", "media_asset", "media_original", "media_assetword")
    with asked("media") as statements:
        for query in ("print", "print 12", "print 1", "nothing"):
            page_of(search.own_pictures(ALICE, query), limit=48, after=None)
    # MariaDB collects one's own pictures with a common word by the index, and reads what it collected.
    scans = [found for found in full_scans("media", statements) if not found.startswith("<subquery")]
    assert scans == []
