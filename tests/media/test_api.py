"""By the API as by the pages: the file as it was uploaded, where it is used, and another try."""

from __future__ import annotations

import json
from itertools import product

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.catalog.contract import PictureUse, PictureUses
from apps.media import api, models
from monolith.rest import xml
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def hers(alice):
    return sign_in(Client(), alice)


@pytest.fixture
def asset(upload, alice):
    return upload(alice.id, picture(), "Lake.png")


def address(asset, what=""):
    return f"/api/v1/media/assets/{asset.pk}/{what}".rstrip("/")


def described(client, asset, said, form="application/json"):
    body = json.dumps(said) if form == "application/json" else xml.write(said)
    return client.patch(address(asset), body, content_type=form)


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


FORMS = pytest.mark.parametrize("form", ["application/json", "application/xml"])


@FORMS
def test_what_is_said_of_it_changes_and_the_rest_stays(hers, asset, form):
    assert described(hers, asset, {"title": " Lake ", "alt": "A lake"}, form).json()["title"] == "Lake"
    told = described(hers, asset, {"title": ""}, form).json()
    assert (told["title"], told["alt"]) == ("", "A lake")
    assert described(hers, asset, {}, form).json() == told


@FORMS
def test_nothing_but_text_is_said_of_it(hers, asset, form):
    for name, value in product(("title", "alt"), (["a"], {"x": 1}, True, None, 5, 1.5, "a" * 501)):
        refused = described(hers, asset, {name: value}, form)
        assert (refused.status_code, refused.json()["code"]) == (422, "media.invalid"), value
        assert list(refused.json()["fields"]) == [name]
    kept = models.Asset.objects.get()
    assert (kept.title, kept.alt, kept.version) == (asset.title, asset.alt, asset.version)


def test_what_no_database_takes_is_no_text(hers, asset):
    for title in ("\ud800", "\0"):
        assert list(described(hers, asset, {"title": title}).json()["fields"]) == ["title"]


def test_what_is_no_object_says_nothing_of_it(hers, asset):
    for said in ([], "title", None, 5):
        refused = described(hers, asset, said)
        assert (refused.status_code, refused.json()["code"]) == (400, "media.parse_error")


def test_a_form_says_it_too(hers, asset):
    sent = {"title": "Sea", "alt": "Waves"}
    new = hers.post("/api/v1/media/assets", {"file": SimpleUploadedFile("a.png", picture(seed=2)), **sent})
    assert (new.status_code, new.json()["title"], new.json()["alt"]) == (201, "Sea", "Waves")
    told = hers.patch(address(asset), "title=Lake", content_type="application/x-www-form-urlencoded")
    assert (told.status_code, told.json()["title"]) == (200, "Lake")
    long = {"file": SimpleUploadedFile("a.png", picture(seed=3)), "title": "a" * 201}
    assert list(hers.post("/api/v1/media/assets", long).json()["fields"]) == ["title"]
