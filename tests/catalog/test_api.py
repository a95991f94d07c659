"""REST of the catalogue: anybody reads what is published, editors write, errors are problems with a code."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.test import Client

from apps.catalog import service
from apps.catalog.drafts import Draft
from apps.catalog.models import Item
from tests.catalog.marks import searched
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")

ITEMS = "/api/v1/catalog/items/"


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


def send(client: Client, method: str, address: str, data: object) -> object:
    return getattr(client, method)(address, json.dumps(data), content_type="application/json")


def test_what_is_published_can_be_read_page_by_page(client, item):
    for number in range(5):
        item(f"Boat {number}")
    item("Draft", published=False)
    first = client.get(f"{ITEMS}?order=title&limit=3").json()
    second = client.get(f"{ITEMS}?order=title&limit=3&after={first['next']}").json()
    assert [one["title"] for one in first["items"] + second["items"]] == [
        f"Boat {number}" for number in range(5)
    ]
    assert second["next"] is None
    assert client.get(first["items"][0]["url"]).json()["title"] == "Boat 0"


def test_drafts_are_for_editors(client, editor, item):
    made = item("Draft", published=False)
    assert client.get(f"{ITEMS}{made.pk}/").status_code == 404
    assert editor.get(f"{ITEMS}{made.pk}/").json()["published"] is False


def test_an_item_written_comes_back_as_it_was_sent(editor, category):
    category("People", "Adults")
    said = {
        "title": "Ámbar",
        "description": "Two\nlines",
        "translations": {"es": {"title": "Ámbar es"}},
        "price": "12.50",
        "currency": "EUR",
        "slug": "ambar",
        "categories": ["people/adults"],
        "attributes": [
            {"name": "Artist", "type": "text", "value": "Ana"},
            {"name": "Year", "type": "number", "value": "1840"},
            {"name": "Made on", "type": "date", "value": "2024-05-01"},
        ],
        "pictures": [],
        "published": True,
    }
    response = send(editor, "post", ITEMS, said)
    assert response.status_code == 201, response.content
    told = editor.get(response.headers["Location"]).json()
    assert {name: told[name] for name in said} == said
    assert told["page"] == "/items/ambar"
    changed = send(editor, "put", told["url"], {**said, "title": "Otra", "version": told["version"]}).json()
    assert changed["title"] == "Otra"
    late = send(editor, "put", told["url"], {**said, "title": "Late", "version": told["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "catalog.item_changed_meanwhile")
    assert editor.post(f"{told['url']}withdraw/").json()["published"] is False
    assert editor.post(f"{told['url']}publish/").json()["published"] is True
    assert editor.delete(told["url"]).status_code == 204
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"title": ""},
        {"title": "x" * 401},
        {"title": "T", "price": "NaN", "currency": "EUR"},
        {"title": "T", "price": "1e30", "currency": "EUR"},
        {"title": "T", "price": "1"},
        {"title": "T", "categories": ["nowhere"]},
        {"title": "T", "attributes": [{"name": "Year", "type": "number", "value": "old"}]},
        {"title": "T", "attributes": [{"name": "Year", "type": "colour", "value": "x"}]},
        {"title": "T", "attributes": "many"},
        {"title": "T", "pictures": ["x"]},
        {"title": "T", "pictures": [str(uuid.uuid4())]},
        {"title": "T", "translations": {"xx": {"title": "?"}}},
        {"title": "T", "translations": {"es": {"colour": "?"}}},
        {"title": "T", "translations": []},
        {"title": "half \ud800"},
        {"title": "nul \x00"},
        {"title": {"a": 1}},
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_code_and_a_sentence(editor, data):
    response = send(editor, "post", ITEMS, data)
    assert response.status_code == 422, response.content
    assert response.json()["code"] == "catalog.invalid_item"
    assert response.json()["detail"]
    assert not Item.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "null", "7", "{", '"x"', "[" * 5000])
def test_what_is_no_object_is_refused(editor, body):
    response = editor.post(ITEMS, body, content_type="application/json")
    assert response.status_code in (400, 422)
    assert response.json()["code"].startswith("catalog.")


def test_writing_is_for_editors(client, bob, item):
    made = item("Boat")
    for somebody, status in ((client, 401), (sign_in(Client(), bob), 403)):
        assert send(somebody, "post", ITEMS, {"title": "T"}).status_code in (status, 403)
        assert send(somebody, "put", f"{ITEMS}{made.pk}/", {"title": "T"}).status_code in (status, 403)
        assert somebody.delete(f"{ITEMS}{made.pk}/").status_code in (status, 403)
        assert somebody.post(f"{ITEMS}{made.pk}/withdraw/").status_code in (status, 403)
    assert Item.objects.get().title == "Boat"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=²", "after=rubbish", "order=rubbish"]
)
def test_a_foolish_question_is_a_400(client, query):
    response = client.get(f"{ITEMS}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "catalog.invalid_query")


def test_what_is_not_there(client):
    response = client.get(f"{ITEMS}{uuid.uuid4()}/")
    assert (response.status_code, response.json()["code"]) == (404, "catalog.item_not_found")


@searched
def test_search(client, item):
    item("Blue boat")
    item("Red boat")
    found = client.get("/api/v1/catalog/search/?q=boat&limit=1").json()
    assert (found["total"], found["total_is_at_least"], len(found["items"])) == (2, False, 1)
    rest = client.get(f"/api/v1/catalog/search/?q=boat&limit=1&after={found['next']}").json()
    assert {found["items"][0]["title"], rest["items"][0]["title"]} == {"Blue boat", "Red boat"}
    assert client.get("/api/v1/catalog/search/?q=boat&after=x").status_code == 400


def test_a_put_leaves_whether_it_is_published(editor, item):
    made = item("Boat")
    send(editor, "put", f"{ITEMS}{made.pk}/", {"title": "Ship", "published": False})
    assert Item.objects.get().is_published
    service.change_item(made.pk, Draft(title="Boat"))


def test_a_slug_an_item_had_leads_to_the_one_it_has(client, item):
    made = item("Boat")
    service.change_item(made.pk, Draft(title="Boat", slug="ship"))
    moved = client.get(f"{ITEMS}by-slug/boat/")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"{ITEMS}by-slug/ship/")
    assert client.get(f"{ITEMS}by-slug/ship/").json()["id"] == str(made.pk)
    service.withdraw_item(made.pk)
    for slug in ("boat", "ship"):
        assert client.get(f"{ITEMS}by-slug/{slug}/").status_code == 404


def test_nobody_overwrites_what_they_have_not_seen(editor, item):
    made = item("Boat")
    address = f"{ITEMS}{made.pk}/"
    seen = editor.get(address).headers["ETag"]
    first = editor.put(
        address, '{"title": "Ship"}', content_type="application/json", headers={"if-match": seen}
    )
    assert first.status_code == 200
    assert first.headers["ETag"] == editor.get(address).headers["ETag"] != seen
    for late in (
        editor.put(address, '{"title": "Late"}', content_type="application/json", headers={"if-match": seen}),
        editor.post(f"{address}withdraw/", headers={"if-match": seen}),
        editor.delete(address, headers={"if-match": f'W/{seen}, "7"'}),
    ):
        assert (late.status_code, late.json()["code"]) == (412, "catalog.precondition_failed")
        assert "Read it again" in late.json()["detail"]
    assert editor.get(address).json()["title"] == "Ship"
    assert editor.delete(address, headers={"if-match": f'"7", {first.headers["ETag"]}'}).status_code == 204


def test_a_change_in_the_same_moment_is_noticed_too(editor, item, monkeypatch):
    """Between the look at If-Match and the writing."""
    made = item("Boat")
    address = f"{ITEMS}{made.pk}/"
    seen = editor.get(address).headers["ETag"]
    delete = service.delete_item

    def somebody_was_faster(item_id, *, version=None):
        service.change_item(item_id, Draft(title="Faster"))
        delete(item_id, version=version)

    monkeypatch.setattr(service, "delete_item", somebody_was_faster)
    assert editor.delete(address, headers={"if-match": seen}).status_code == 412
    assert Item.objects.get().title == "Faster"


def test_who_has_it_already_is_told_so(client, item):
    made = item("Boat")
    for address in (f"{ITEMS}{made.pk}/", f"{ITEMS}by-slug/boat/"):
        etag = client.get(address).headers["ETag"]
        again = client.get(address, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(address, headers={"if-none-match": '"7"'}).status_code == 200


def test_pages_are_linked(client, item):
    for number in range(5):
        item(f"Boat {number}")
    seen, address = [], f"{ITEMS}?order=title&limit=2"
    while address:
        page = client.get(address)
        seen += [one["title"] for one in page.json()["items"]]
        link = re.fullmatch(r'<(.+)>; rel="next"', page.headers.get("Link", ""))
        address = link and link[1]
    assert seen == [f"Boat {number}" for number in range(5)]


def test_suggestions_are_those_of_the_search_field(client, item):
    boat = item("Blue boat")
    found = client.get("/api/v1/catalog/suggestions/", {"q": "blue b"}).json()["items"]
    assert {"title": "Blue boat", "note": "", "url": f"/items/{boat.slug}"} in found
    assert client.get("/api/v1/catalog/suggestions/", {"q": "b"}).json() == {"items": []}
