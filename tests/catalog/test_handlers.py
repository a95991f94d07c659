"""What the catalogue keeps of pictures when media speaks: twice, late, in any order."""

from __future__ import annotations

import uuid

import pytest

from apps.catalog import service
from apps.catalog.drafts import draft_of
from apps.catalog.handlers import on_asset_deleted, on_asset_failed, on_asset_ready
from apps.catalog.models import Item, ItemPicture, Listing, OutboxEvent, Picture
from apps.media.contract import AssetDeleted, AssetFailed, AssetReady
from seam import atomic
from tests.catalog.conftest import asset

pytestmark = pytest.mark.django_db(databases="__all__")


def hear(event) -> None:
    handlers = {AssetReady: on_asset_ready, AssetFailed: on_asset_failed, AssetDeleted: on_asset_deleted}
    with atomic("catalog"):
        handlers[type(event)](event, None)


def again(made: Item) -> Item:
    return Item.objects.get(pk=made.pk)


def test_a_picture_named_before_it_is_ready_is_a_tile_and_then_a_picture(item):
    told = asset()
    made = item(pictures=[told.id])
    assert (again(made).cover, again(made).gallery) == ({}, [None])
    hear(AssetReady(asset=told))
    cover = again(made).cover
    assert cover["alt"] == "A blue vase"
    assert cover["avif"].endswith("640.avif 640w")
    assert "320.webp 320w, " in cover["webp"]
    assert cover["fallback_src"].endswith("640.jpeg")
    assert (cover["width"], cover["height"]) == (640, 320)


def test_a_picture_that_was_ready_before_is_shown_at_once(item):
    told = asset()
    hear(AssetReady(asset=told))
    assert item(pictures=[told.id]).cover["alt"] == "A blue vase"


def test_a_picture_without_alternative_text_is_called_as_its_item(item):
    told = asset(alt="")
    hear(AssetReady(asset=told))
    assert item("Vase", pictures=[told.id]).cover["alt"] == "Vase"


def test_the_same_news_twice_changes_nothing_the_second_time(item):
    told = asset()
    made = item(pictures=[told.id])
    hear(AssetReady(asset=told))
    before = (
        again(made).version,
        Listing.objects.get(pk=Listing.EVERYTHING).version,
        OutboxEvent.objects.count(),
    )
    hear(AssetReady(asset=told))
    assert before == (
        again(made).version,
        Listing.objects.get(pk=Listing.EVERYTHING).version,
        OutboxEvent.objects.count(),
    )


def test_older_news_that_arrives_late_is_passed_over(item):
    picture_id = uuid.uuid4()
    made = item(pictures=[picture_id])
    hear(AssetReady(asset=asset(picture_id, version=3, alt="New")))
    hear(AssetReady(asset=asset(picture_id, version=2, alt="Old")))
    assert again(made).cover["alt"] == "New"
    hear(AssetReady(asset=asset(picture_id, version=4, alt="Newest")))
    assert again(made).cover["alt"] == "Newest"


def test_the_pictures_keep_their_order_whichever_is_ready_first(item):
    first, second = asset(alt="First"), asset(alt="Second")
    made = item(pictures=[first.id, second.id])
    hear(AssetReady(asset=second))
    assert again(made).cover["alt"] == "Second"
    hear(AssetReady(asset=first))
    assert [picture["alt"] for picture in again(made).gallery] == ["First", "Second"]


def test_a_picture_that_failed_is_left_out(item):
    told = asset()
    made = item(pictures=[told.id])
    hear(AssetFailed(asset_id=told.id, reason="It is no picture."))
    hear(AssetFailed(asset_id=told.id, reason="It is no picture."))
    assert (again(made).cover, again(made).gallery) == (None, [])


def test_failure_after_success_is_old_news(item):
    told = asset()
    made = item(pictures=[told.id])
    hear(AssetReady(asset=told))
    hear(AssetFailed(asset_id=told.id, reason="?"))
    assert again(made).cover["alt"] == "A blue vase"


def test_a_deleted_picture_is_gone_everywhere_and_no_late_news_brings_it_back(item):
    told, other = asset(), asset(alt="Other")
    hear(AssetReady(asset=told))
    hear(AssetReady(asset=other))
    made = item(pictures=[told.id, other.id])
    hear(AssetDeleted(asset_id=told.id))
    hear(AssetDeleted(asset_id=told.id))
    assert again(made).cover["alt"] == "Other"
    assert not ItemPicture.objects.filter(asset_id=told.id).exists()
    hear(AssetReady(asset=asset(told.id, version=9)))
    assert Picture.objects.get(pk=told.id).status == Picture.Status.DELETED
    assert [picture["alt"] for picture in again(made).gallery] == ["Other"]


def test_of_pictures_ordered_by_hand_one_that_is_deleted_leaves_the_others_in_their_order(item):
    told = [asset(alt=name) for name in ("First", "Second", "Third")]
    for one in told:
        hear(AssetReady(asset=one))
    first, second, third = (one.id for one in told)
    made = item("Shown", pictures=[third, first, second])
    draft = item("Draft", pictures=[second, third], published=False)
    hear(AssetDeleted(asset_id=third))
    assert [picture["alt"] for picture in again(made).gallery] == ["First", "Second"]
    assert again(made).cover["alt"] == "First"
    assert [picture["alt"] for picture in again(draft).gallery] == ["Second"]
    assert draft_of(again(made)).pictures == [first, second]
    uses = service.list_uses_of_picture(asset_id=first).uses
    assert [(use.title, use.place) for use in uses] == [("Shown", 1)], "what moved up is the cover"


def test_news_of_a_picture_nobody_uses_is_only_remembered():
    hear(AssetReady(asset=asset()))
    assert Picture.objects.count() == 1
    assert not OutboxEvent.objects.exists()


def test_a_picture_of_a_draft_is_nobody_elses_news(item):
    told = asset()
    item(pictures=[told.id], published=False)
    hear(AssetReady(asset=told))
    assert not OutboxEvent.objects.exists()
