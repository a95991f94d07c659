"""What programs send: said by field where it is wrong, refused whole, and nobody's change is run over."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal

import pytest
from django.conf import settings

from apps.catalog.models import Item
from tests.catalog.conftest import asset
from tests.people import sign_in

# InnoDB finds words of rows that are committed, and only of those.
IS_MYSQL = "mysql" in settings.DATABASES["catalog"]["ENGINE"]
pytestmark = pytest.mark.django_db(databases="__all__", transaction=IS_MYSQL)

ITEMS = "/api/v1/catalog/items/"
WHOLE = {
    "title": "Ámbar",
    "description": "Two\nlines",
    "translations": {"es": {"title": "Ámbar", "description": "Dos"}},
    "price": "12.50",
    "currency": "EUR",
    "slug": "amber",
    "attributes": [
        {"name": "Artist", "type": "text", "value": "Turner"},
        {"name": "Year", "type": "number", "value": "1840"},
        {"name": "Made on", "type": "date", "value": "1840-05-01"},
    ],
    "pictures": [],
    "published": True,
}


@pytest.fixture
def as_alice(client, alice):
    return sign_in(client, alice)


def send(client, method, url, data):
    body = data if isinstance(data, str | bytes) else json.dumps(data)
    return getattr(client, method)(url, body, content_type="application/json")


def url_of(item) -> str:
    return f"{ITEMS}{item.pk}/"


def test_who_saves_second_is_told_and_nothing_is_written(as_alice, item):
    made = item("Boat")
    read = as_alice.get(url_of(made)).json()
    send(as_alice, "put", url_of(made), read | {"title": "First"})
    second = send(as_alice, "put", url_of(made), read | {"title": "Second"})
    assert (second.status_code, second.json()["code"]) == (409, "catalog.item_changed_meanwhile")
    assert Item.objects.get(pk=made.pk).title == "First"
    blind = {name: value for name, value in read.items() if name != "version"}
    assert send(as_alice, "put", url_of(made), blind | {"title": "Third"}).status_code == 200


def test_a_write_by_cookie_needs_a_csrf_token(alice, item):
    from django.test import Client

    made = item("Boat")
    answer = sign_in(Client(enforce_csrf_checks=True), alice).delete(url_of(made))
    assert (answer.status_code, answer.json()["code"]) == (403, "catalog.permission_denied")
    assert Item.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("order", ["newest", "title", "price"])
def test_all_items_page_by_page(client, item, order):
    for number in range(7):
        item(f"Item {number % 3}", price=Decimal(number % 2 + 1), currency="EUR")
    found, after = [], None
    for _step in range(10):
        answer = client.get(ITEMS, {"order": order, "limit": 3} | ({"after": after} if after else {})).json()
        found += [one["id"] for one in answer["items"]]
        if (after := answer["next"]) is None:
            break
    assert len(found) == len(set(found)) == 7


@pytest.mark.parametrize("path", [ITEMS, "/api/v1/catalog/search/"])
@pytest.mark.parametrize(
    "wrong",
    [*({"limit": limit} for limit in ("0", "101", "x", "-1", "١", "", "9" * 5000)), {"after": "x"}],
)
def test_a_page_that_can_not_be(client, item, path, wrong):
    item("Boat")
    answer = client.get(path, {"q": "boat"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "catalog.invalid_query")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 401}, "title"),
        ({"title": "nul \x00"}, "title"),
        ({"title": None}, "title"),
        ({"title": {"a": 1}}, "title"),
        ({"description": "x" * 50_001}, "description"),
        ({"price": "-1"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "1e400"}, "price"),
        ({"price": "1.001"}, "price"),
        ({"currency": "euro"}, "currency"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"translations": {"xx": {"title": "?"}}}, "translations"),
        ({"translations": {"en": {"title": "Amber"}}}, "translations"),
        ({"translations": {"es": {"body": "?"}}}, "translations"),
        ({"translations": []}, "translations"),
        ({"categories": ["no/such"]}, "categories"),
        ({"categories": "stones"}, "categories"),
        ({"attributes": [{"name": "Year", "type": "number", "value": "many"}]}, "attributes"),
        ({"attributes": [{"name": "Day", "type": "date", "value": "31.02.2024"}]}, "attributes"),
        ({"attributes": [{"name": "Day", "type": "colour", "value": "red"}]}, "attributes"),
        ({"attributes": [{"value": "red"}]}, "attributes"),
        ({"attributes": [{"name": "a", "value": "b"}] * 101}, "attributes"),
        ({"pictures": ["x"]}, "pictures"),
        ({"version": "new"}, "version"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_is_written(as_alice, wrong, field):
    answer = send(as_alice, "post", ITEMS, WHOLE | wrong)
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"] == "catalog.invalid_item"
    assert set(answer.json()["fields"]) == {field}
    assert not Item.objects.exists()


def test_the_name_of_an_attribute_is_as_long_as_the_document_says(as_alice):
    said = as_alice.get("/api/v1/openapi.json").json()["components"]["schemas"]["Attribute"]["properties"]
    fact = {"name": "n" * said["name"]["maxLength"], "value": "v" * said["value"]["maxLength"]}
    assert send(as_alice, "post", ITEMS, WHOLE | {"attributes": [fact]}).status_code == 201
    for name in fact:
        longer = fact | {name: fact[name] + "x"}
        assert send(as_alice, "post", ITEMS, WHOLE | {"attributes": [longer]}).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"currency": ""}, {"title": "   x" + "\u0000"}, {"translations": {"es": {"title": "x" * 401}}}]
)
def test_what_only_the_whole_item_can_tell_is_refused_too(as_alice, wrong):
    answer = send(as_alice, "post", ITEMS, WHOLE | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "catalog.invalid_item")
    assert not Item.objects.exists()


def test_what_is_no_json_is_refused(as_alice):
    answer = as_alice.post(ITEMS, {"title": "A form"})
    assert (answer.status_code, answer.json()["code"]) == (415, "catalog.unsupported_media_type")


def test_ones_own_pictures_and_those_it_shows_already(as_alice, alice, library):
    own, foreign = asset(owner_id=alice.id), asset()
    library.assets = [own, foreign]
    refused = send(as_alice, "post", ITEMS, WHOLE | {"pictures": [str(own.id), str(foreign.id)]})
    assert refused.status_code == 422
    assert str(foreign.id) in refused.json()["fields"]["pictures"][0]
    made = send(as_alice, "post", ITEMS, WHOLE | {"pictures": [str(own.id)]})
    assert made.json()["pictures"] == [str(own.id)]
    library.assets = []
    kept = send(as_alice, "put", made.json()["url"], made.json())
    assert (kept.status_code, kept.json()["pictures"]) == (200, [str(own.id)])


def test_new_pictures_wait_for_media_and_all_else_does_not(as_alice, alice, library):
    library.is_away = True
    refused = send(as_alice, "post", ITEMS, WHOLE | {"pictures": [str(uuid.uuid4())]})
    assert (refused.status_code, refused.json()["code"]) == (503, "catalog.media_is_away")
    assert not Item.objects.exists()
    assert send(as_alice, "post", ITEMS, WHOLE).status_code == 201
