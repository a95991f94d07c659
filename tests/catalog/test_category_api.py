"""REST of the tree: anybody reads it, editors make, rename, move and delete, and nothing is overwritten unseen."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from apps.catalog.models import Category
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
CATEGORIES = "/api/v1/catalog/categories/"


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


def send(client, method, address, data, **headers):
    body = json.dumps(data)
    return getattr(client, method)(address, body, content_type="application/json", headers=headers)


def paths(client, **query):
    return [one["path"] for one in client.get(CATEGORIES, query).json()["items"]]


def test_a_tree_is_made_and_read_level_by_level(client, editor):
    assert send(editor, "post", CATEGORIES, {"title": "Boats"}).status_code == 201
    for title in ("Sails", "Oars", "Motors"):
        made = send(editor, "post", CATEGORIES, {"title": title, "parent": "boats"})
        assert made.json()["path"] == f"boats/{title.lower()}"
    assert paths(client) == ["boats"]
    first = client.get(CATEGORIES, {"in": "boats", "limit": 2}).json()
    assert [one["title"] for one in first["items"]] == ["Motors", "Oars"]
    assert paths(client, **{"in": "boats", "limit": 2, "after": first["next"]}) == ["boats/sails"]
    assert client.get(CATEGORIES, {"in": "cars"}).json()["code"] == "catalog.category_not_found"


def test_one_that_is_there_is_answered_as_it_is(editor):
    said = {"title": "Zed", "translations": {"es": {"title": "Zeta"}}}
    made = send(editor, "post", CATEGORIES, said)
    again = send(editor, "post", CATEGORIES, said | {"translations": {"es": {"title": "Otro"}}})
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json() == made.json()
    assert again["ETag"] == made["ETag"]
    assert Category.objects.get().translations == {"es": {"title": "Zeta"}}


def test_the_sites_own_language_has_no_translation(editor, category):
    said = {"title": "Boats", "translations": {"en": {"title": "Ships"}}}
    refused = send(editor, "post", CATEGORIES, said)
    assert refused.status_code == 422
    assert "say `title`" in refused.json()["fields"]["translations"][0]
    made = category("Boats")
    Category.objects.update(translations=said["translations"])
    told = editor.get(f"{CATEGORIES}{made.pk}/").json()
    assert told["translations"] == {}
    put = {name: told[name] for name in ("title", "translations")}
    assert send(editor, "put", f"{CATEGORIES}{made.pk}/", put).status_code == 200


def test_a_new_category_has_the_address_that_is_sent(editor, category):
    category("Boats")
    said = {"title": "Ships", "slug": "vessels", "parent": "boats"}
    assert send(editor, "post", CATEGORIES, said).json()["path"] == "boats/vessels"
    assert send(editor, "post", CATEGORIES, said).status_code == 200
    taken = send(editor, "post", CATEGORIES, said | {"title": "Sails"})
    assert (taken.status_code, taken.json()["code"]) == (422, "catalog.invalid_category")
    assert Category.objects.count() == 2


def test_a_category_that_would_be_too_deep_is_not_made(editor, category):
    deep = category(*"0123456789")
    refused = send(editor, "post", CATEGORIES, {"title": "Below", "parent": deep.path})
    assert (refused.status_code, refused.json()["code"]) == (422, "catalog.invalid_category")
    assert Category.objects.count() == 10


def test_a_category_is_moved_in_front_of_another_and_to_the_top(client, editor, category):
    category("Boats", "Sails")
    oars = category("Boats", "Oars")
    move = f"{CATEGORIES}{oars.pk}/move/"
    assert send(editor, "post", move, {"parent": "boats", "before": "boats/sails"}).status_code == 200
    assert paths(client, **{"in": "boats"}) == ["boats/oars", "boats/sails"]
    assert send(editor, "post", move, {}).json()["path"] == "oars"


def test_nobody_renames_what_they_have_not_seen(editor, category):
    address = f"{CATEGORIES}{category('Boats').pk}/"
    seen = editor.get(address)["ETag"]
    assert send(editor, "put", address, {"title": "Ships"}, **{"if-match": seen}).status_code == 200
    refused = send(editor, "put", address, {"title": "Vessels"}, **{"if-match": seen})
    assert (refused.status_code, refused.json()["code"]) == (412, "catalog.precondition_failed")
    assert Category.objects.get().title == "Ships"


def test_nobody_renames_what_they_have_not_seen_moved(editor, category):
    address = f"{CATEGORIES}{category('Boats', 'Sails').pk}/"
    seen = editor.get(address)["ETag"]
    moved = send(editor, "post", f"{address}move/", {})
    assert moved["ETag"] == editor.get(address)["ETag"] != seen
    said = {"title": "Canvas", "parent": "boats"}
    assert send(editor, "put", address, said, **{"if-match": seen}).status_code == 412
    back = send(editor, "put", address, said, **{"if-match": moved["ETag"]})
    assert (back.json()["path"], back["ETag"]) == ("boats/sails", editor.get(address)["ETag"])


def test_what_is_in_a_deleted_category_goes_into_another(client, editor, category, item):
    old, new = category("Boats"), category("Ships")
    item("Boat", categories=[old])
    address = f"{CATEGORIES}{old.pk}/"
    assert editor.delete(address).status_code == 422
    assert editor.delete(f"{address}?into=ships").status_code == 204
    assert paths(client) == [new.path]


def test_items_are_listed_by_category_with_what_is_below(client, category, item):
    item("Sail", categories=[category("Boats", "Sails")])
    item("Car", categories=[category("Cars")])
    items = client.get("/api/v1/catalog/items/", {"category": "boats"}).json()["items"]
    assert [one["title"] for one in items] == ["Sail"]
    assert client.get("/api/v1/catalog/items/", {"category": "planes"}).status_code == 404


def test_only_editors_write(client, category, bob):
    address = f"{CATEGORIES}{category('Boats').pk}/"
    assert send(client, "put", address, {"title": "Mine"}).status_code == 401
    assert sign_in(Client(), bob).delete(address).status_code == 403
