"""By the API as by the pages: the file as it was uploaded, where it is used, and another try."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.catalog.contract import PictureUse, PictureUses
from apps.media import api, models
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def hers(alice):
    return sign_in(Client(), alice)


@pytest.fixture
def asset(upload, alice):
    return upload(alice.id, picture(), "Lake.png")


def address(asset, what):
    return f"/api/v1/media/assets/{asset.pk}/{what}"


@pytest.mark.parametrize("accept", ["*/*", "image/png", "application/json"])
def test_the_file_is_the_one_that_was_uploaded(hers, asset, accept):
    answer = hers.get(address(asset, "original"), headers={"Accept": accept})
    assert b"".join(answer.streaming_content) == picture()
    assert answer["Content-Type"] == "image/png"
    assert "Lake.png" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-cache"


def test_a_part_of_it(hers, asset):
    answer = hers.get(address(asset, "original"), headers={"Range": "bytes=0-7"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"\x89PNG\r\n\x1a\n")


def test_where_it_is_used(hers, asset, monkeypatch):
    use = PictureUse(item_id=asset.pk, title="Boat", place=1, url="/items/boat", edit_url="/editor/x")
    monkeypatch.setattr(api, "uses_of", lambda _id: PictureUses(uses=[use], more=True))
    told = hers.get(address(asset, "uses")).json()
    assert told == {"uses": [{"item": str(asset.pk), "title": "Boat", "page": "/items/boat"}], "more": True}
    monkeypatch.setattr(api, "uses_of", lambda _id: None)
    away = hers.get(address(asset, "uses"))
    assert (away.status_code, away["Content-Type"]) == (503, "application/problem+json")


def test_another_try(hers, asset, work):
    models.Original.objects.update(status="failed", failure="broken")
    assert hers.post(address(asset, "retry")).json()["status"] == "processing"
    work()
    assert hers.get(f"/api/v1/media/assets/{asset.pk}").json()["status"] == "ready"
    assert hers.post(address(asset, "retry")).json()["status"] == "ready"


@pytest.mark.parametrize(("method", "what"), [("get", "original"), ("get", "uses"), ("post", "retry")])
def test_somebody_elses_is_not_there(asset, bob, method, what):
    his = sign_in(Client(), bob)
    assert getattr(his, method)(address(asset, what)).status_code == 404
    assert getattr(Client(), method)(address(asset, what)).status_code == 401
