"""The promise of media, through every binding."""

from __future__ import annotations

import base64
import uuid

import pytest

from apps.media.contract import AssetNotFound, AssetStatus, InvalidQuery, Media
from apps.media.models import Asset
from apps.media.reasons import REASONS, sentence
from functions.media_renditions import handler
from seam import use
from tests.media.drawn import picture

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("binding")]

ALICE, BOB = uuid.uuid4(), uuid.uuid4()


def test_one_picture(upload, work):
    made = upload(ALICE, picture(800, 600), alt="Four quarters — ¡qué cosa!")
    waiting = use(Media).get_asset(asset_id=made.pk)
    assert (waiting.status, waiting.renditions, waiting.placeholder) == (AssetStatus.PROCESSING, [], "")
    work()
    asset = use(Media).get_asset(asset_id=made.pk)
    assert (asset.id, asset.owner_id, asset.alt) == (made.pk, ALICE, "Four quarters — ¡qué cosa!")
    assert (asset.status, asset.width, asset.height) == (AssetStatus.READY, 800, 600)
    assert {(r.format, r.width, r.height) for r in asset.renditions} == {
        (kind, *size) for kind in ("avif", "webp", "jpeg") for size in ((800, 600), (640, 480), (320, 240))
    }


def test_nobodys_picture():
    with pytest.raises(AssetNotFound) as error:
        use(Media).get_asset(asset_id=uuid.uuid4())
    assert str(error.value).startswith("There is no picture")


def test_somebodys_pictures_newest_first_by_pages(known):
    hers = [known(ALICE).pk for _ in range(7)]
    known(BOB)
    found, after, pages = [], None, 0
    while True:
        page = use(Media).list_assets(owner_id=ALICE, limit=3, after=after)
        found += [asset.id for asset in page.assets]
        pages += 1
        if (after := page.next) is None:
            break
    assert found == hers[::-1]
    assert pages == 3


def test_somebodys_pictures_with_a_word(upload):
    dunes = upload(ALICE, picture(40, 30), alt="Dunes at dusk")
    upload(ALICE, picture(30, 40), alt="A harbour")
    upload(BOB, picture(40, 30), alt="Dunes of somebody else")
    found = use(Media).list_assets(owner_id=ALICE, query="DUN dusk").assets
    assert [asset.id for asset in found] == [dunes.pk]
    assert use(Media).list_assets(owner_id=ALICE, query="zebra").assets == []


def test_a_page_in_which_all_were_uploaded_at_the_same_instant(known):
    for _ in range(5):
        known(ALICE)
    Asset.objects.update(created_at=Asset.objects.first().created_at)
    first = use(Media).list_assets(owner_id=ALICE, limit=2)
    second = use(Media).list_assets(owner_id=ALICE, limit=2, after=first.next)
    third = use(Media).list_assets(owner_id=ALICE, limit=2, after=second.next)
    ids = [asset.id for page in (first, second, third) for asset in page.assets]
    assert len(ids) == len(set(ids)) == 5
    assert third.next is None


def cursor(moment):
    return base64.urlsafe_b64encode(f"{moment} {uuid.uuid4()}".encode()).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 201},
        {"after": "nonsense"},
        {"after": "ÿ"},
        {"after": "MjAyNi0wMS0wMSB4"},
        {"after": cursor("0001-01-01T00:00:00+14:00")},
        {"after": cursor("2026-01-01T00:00:00")},
    ],
)
def test_a_page_that_can_not_be(wrong):
    with pytest.raises(InvalidQuery):
        use(Media).list_assets(owner_id=ALICE, **wrong)


def test_those_of_some_ids_in_the_order_asked(known):
    one, two = known(ALICE).pk, known(BOB).pk
    found = use(Media).list_assets_by_id(ids=[two, uuid.uuid4(), one, two])
    assert [asset.id for asset in found] == [two, one, two]
    with pytest.raises(InvalidQuery):
        use(Media).list_assets_by_id(ids=[uuid.uuid4() for _ in range(501)])


def test_a_page_costs_one_query_however_long(known, binding, django_assert_num_queries):
    for _ in range(6):
        known(ALICE)
    with django_assert_num_queries(2 if binding == "remote" else 1, using="media"):  # there it is asked twice
        use(Media).list_assets(owner_id=ALICE)


def test_the_function_and_the_context_give_the_same_reasons():
    for code, english in handler.SENTENCES.items():
        assert str(REASONS[code]) == english
    assert sentence("something newer", {}) == handler.SENTENCES["damaged"]
