"""REST of attributes: anybody reads them and their values, editors say how they are shown."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from apps.catalog import service
from apps.catalog.models import Attribute, Item, Job
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
ATTRIBUTES = "/api/v1/catalog/attributes/"
SHOWN = {"facet": False, "browsable": True, "position": 3}


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


@pytest.fixture
def boats(item):
    item("Boat", Artist="Turner", Year="1840")
    item("Ship", Artist="Blake")
    item("Raft", Artist="Turner")
    item("Draft", published=False, Artist="Nobody yet")


def put(client, key, data, **headers):
    return client.put(
        f"{ATTRIBUTES}{key}/", json.dumps(data), content_type="application/json", headers=headers
    )


def test_they_are_listed_page_by_page(client, boats):
    first = client.get(ATTRIBUTES, {"limit": 1})
    assert [one["key"] for one in first.json()["items"]] == ["artist"]
    assert 'rel="next"' in first["Link"]
    rest = client.get(ATTRIBUTES, {"limit": 1, "after": first.json()["next"]}).json()
    assert ([one["key"] for one in rest["items"]], rest["next"]) == (["year"], None)


def test_values_are_those_a_filter_names(client, boats):
    values = client.get(f"{ATTRIBUTES}artist/values/").json()
    assert [(one["slug"], one["value"], one["items"]) for one in values["items"]] == [
        ("blake", "Blake", 1),
        ("turner", "Turner", 2),
    ]
    first = client.get(f"{ATTRIBUTES}artist/values/", {"limit": 1}).json()
    rest = client.get(f"{ATTRIBUTES}artist/values/", {"limit": 1, "after": first["next"]}).json()
    assert ([one["slug"] for one in rest["items"]], rest["next"]) == (["turner"], None)
    found = client.get("/api/v1/catalog/items/", {"filter": f"artist:{rest['items'][0]['slug']}"}).json()
    assert {one["title"] for one in found["items"]} == {"Boat", "Raft"}


def test_editors_say_how_one_is_shown(editor, boats):
    said = SHOWN | {"translations": {"es": {"label": "Artista"}}}
    changed = put(editor, "artist", said)
    assert changed.status_code == 200, changed.content
    artist = Attribute.objects.get(key="artist")
    assert (artist.is_facet, artist.is_browsable, artist.position) == (False, True, 3)
    assert artist.translations == {"es": {"label": "Artista"}}
    assert changed.json() == editor.get(f"{ATTRIBUTES}artist/").json()
    assert artist.label == "Artist"


def test_one_gets_another_name_that_no_other_has(editor, boats, item):
    item("Ship", Colour="Red")
    renamed = put(editor, "artist", SHOWN | {"label": "Maker"})
    assert (renamed.json()["key"], renamed.json()["label"]) == ("artist", "Maker")
    refused = put(editor, "colour", SHOWN | {"label": "maker"})
    assert (refused.status_code, refused.json()["code"]) == (422, "catalog.invalid")
    assert list(refused.json()["fields"]) == ["label"]
    assert put(editor, "artist", SHOWN).json()["label"] == "Maker"


def test_its_values_have_names_in_other_languages(editor, boats):
    said = SHOWN | {"translations": {"es": {"values": {"turner": "Tornero"}}}}
    changed = put(editor, "artist", said)
    assert changed.status_code == 200, changed.content
    assert changed.json()["translations"] == said["translations"]
    assert Attribute.objects.get(key="artist").translations == said["translations"]


def test_what_is_read_can_be_written_back(editor, boats):
    """A name may wait for its value, as an import leaves it."""
    names = {"es": {"values": {"constable": "Alguacil"}}}
    Attribute.objects.filter(key="artist").update(translations=names, position=2**31 - 1)
    seen = editor.get(f"{ATTRIBUTES}artist/").json()
    said = {name: seen[name] for name in ("label", "facet", "browsable", "position", "translations")}
    assert put(editor, "artist", said).json() == seen


def test_the_last_place_is_the_one_that_the_document_says(editor, boats):
    schemas = editor.get("/api/v1/openapi.json").json()["components"]["schemas"]
    last = schemas["AttributeFields"]["properties"]["position"]["maximum"]
    assert schemas["AttributeShown"]["properties"]["position"]["maximum"] == last
    assert put(editor, "artist", SHOWN | {"position": last}).json()["position"] == last
    assert put(editor, "artist", SHOWN | {"position": last + 1}).status_code == 422


def test_an_item_is_told_anew_when_its_attribute_is(editor, boats):
    item = Item.objects.first()
    address = f"/api/v1/catalog/items/{item.pk}/"
    seen = editor.get(address)["ETag"]
    put(editor, "artist", SHOWN | {"browsable": True, "facet": True, "label": "Maker"})
    assert Job.objects.filter(name="catalog.rebuild").exists()
    service.rebuild()  # the job that follows
    again = editor.get(address, headers={"If-None-Match": seen})
    assert (again.status_code, again.json()["attributes"][0]["name"]) == (200, "Maker")


def test_nobody_changes_what_they_have_not_seen(editor, boats):
    seen = editor.get(f"{ATTRIBUTES}artist/")["ETag"]
    assert put(editor, "artist", SHOWN, **{"if-match": seen}).status_code == 200
    refused = put(editor, "artist", SHOWN | {"position": 4}, **{"if-match": seen})
    assert (refused.status_code, refused.json()["code"]) == (412, "catalog.precondition_failed")
    assert Attribute.objects.get(key="artist").position == 3


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        SHOWN | {"position": -1},
        SHOWN | {"position": 2**31},
        SHOWN | {"label": "A" * 81},
        SHOWN | {"facet": "maybe"},
    ]
    + [
        SHOWN | {"translations": wrong}
        for wrong in (
            *({"xx": {"label": "A"}}, {"es": {"title": "A"}}, {"es": 1}, {"es": {}}),
            *({"es": {"values": {"nobody": "Nadie"}}}, {"es": {"values": {"turner": ""}}}),
            *({"en": {"label": "Painter"}}, {"es": {"values": {"1840": "MDCCCXL"}}}),
            *({"es": {"values": {"\ud800": "x"}}}, {"\ud800": {"label": "x"}}),
            *({"es": {"values": {}}}, {"es": {"values": ["turner"]}}, {"es": {"values": {"turner": 1}}}),
        )
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(editor, boats, said):
    refused = put(editor, "artist", said)
    assert refused.status_code in (400, 422)
    assert refused["Content-Type"] == "application/problem+json"
    assert Attribute.objects.get(key="artist").position == 0


def test_one_that_is_not_there(client, editor, boats):
    for answer in (client.get(f"{ATTRIBUTES}colour/"), put(editor, "colour", SHOWN)):
        assert (answer.status_code, answer.json()["code"]) == (404, "catalog.not_found")
    assert client.get(f"{ATTRIBUTES}colour/values/").status_code == 404


def test_only_editors_write(client, boats, bob):
    assert put(client, "artist", SHOWN).status_code == 401
    assert put(sign_in(Client(), bob), "artist", SHOWN).status_code == 403
