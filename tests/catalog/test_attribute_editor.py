"""Which attributes are filters is said by an editor, and lists follow."""

from __future__ import annotations

import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connections
from django.test import Client

from apps.catalog import held, service
from apps.catalog.drafts import Draft
from apps.catalog.models import Attribute
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def editor(alice, item):
    for number in range(4):
        item(
            f"Print {number}", Artist="Turner" if number % 2 else "Blake", Colour="Red" if number else "Blue"
        )
    return sign_in(Client(), alice)


def filters(client):
    held.forget()
    page = client.get("/browse").content.decode()
    return [label for label in ("Artist", "Artista", "Colour") if f"<summary>{label}</summary>" in page]


def save(editor, **said):
    said = {"label": "Artist", "is_browsable": "on", "position": "0"} | said
    return editor.post("/editor/attributes/artist", {name: text for name, text in said.items() if text})


def test_an_attribute_becomes_a_filter_and_ceases_to_be_one(editor, client):
    assert filters(client) == ["Artist", "Colour"]
    assert save(editor).status_code == 302
    service.rebuild()  # the job that follows
    assert filters(client) == ["Colour"]
    save(editor, is_facet="on")
    service.rebuild()
    assert filters(client) == ["Artist", "Colour"]


def test_a_filter_needs_no_pages(editor, client):
    save(editor, is_browsable="", is_facet="on")
    service.rebuild()
    assert filters(client) == ["Artist", "Colour"]
    held.forget()
    found = client.get("/browse?filter=artist:turner").content.decode()
    assert "Print 1" in found
    assert "Print 2" not in found
    assert client.get("/browse/artist/turner").status_code == 404
    assert 'href="/browse/artist' not in client.get("/items/print-1").content.decode()
    suggested = client.get("/search/suggest?q=turner").content.decode()
    assert "/browse?filter=artist:turner" in suggested


def test_what_no_item_has_is_not_offered(editor, item):
    slip = item("Slip", Colur="Red")
    assert "Colur" in editor.get("/editor/attributes").content.decode()
    service.change_item(slip.pk, Draft(title="Slip"))
    assert "Colur" not in editor.get("/editor/attributes").content.decode()
    assert 'value="Colur"' not in editor.get("/editor/new").content.decode()


def test_its_name_in_another_language_is_the_same_attribute(editor, item):
    save(editor, is_facet="on", label_es="Artista")
    item("Grabado", Artista="Goya")
    assert set(Attribute.objects.values_list("key", flat=True)) == {"artist", "colour"}
    assert "Goya" in editor.get("/browse/artist").content.decode()
    suggested = editor.get("/editor/values?fact-name=Artista&fact-kind=text&fact-value=").content.decode()
    assert re.findall(r'value="([^"]+)"', suggested) == ["Blake", "Goya", "Turner"]
    draft = {"title": "Grabado", "currency": "EUR"}
    draft |= {"fact-name": "Artista", "fact-kind": "text", "fact-value": "Goya"}
    preview = editor.post("/editor/new/preview", draft).content.decode()
    assert re.findall(r"<dt>([^<]+)</dt>", preview) == ["Artist"]


def test_it_gets_another_name_and_items_have_it_still(editor, client, item):
    save(editor, is_facet="on", label="Maker")
    drawn = item("Drawn", Maker="Goya")
    assert set(Attribute.objects.values_list("key", flat=True)) == {"artist", "colour"}
    held.forget()
    assert "<summary>Maker</summary>" in client.get("/browse").content.decode()
    assert "Goya" in client.get("/browse/artist").content.decode()
    page = client.get(f"/items/{drawn.slug}").content.decode()
    assert re.findall(r"<dt>([^<]+)</dt>", page) == ["Maker"]
    assert 'value="Maker"' in editor.get(f"/editor/{drawn.pk}").content.decode()


@pytest.mark.parametrize("name", ["Colour", "colour", "Color", "Farbe"])
def test_no_two_have_the_same_name(editor, name):
    translations = {"es": {"label": "Color"}, "de": {"label": "Farbe"}}
    Attribute.objects.filter(key="colour").update(translations=translations)
    answer = save(editor, label=name)
    assert answer.status_code == 422
    assert "Another attribute has or had this name." in answer.content.decode()
    assert Attribute.objects.get(key="artist").label == "Artist"


def test_it_has_a_name_in_each_language_and_a_place(editor):
    save(editor, is_facet="on", label_es="Artista", position="7")
    artist = Attribute.objects.get(key="artist")
    assert (artist.label, artist.translations, artist.position) == ("Artist", {"es": {"label": "Artista"}}, 7)
    page = editor.get("/editor/attributes").content.decode()
    assert page.index("Colour</a>") < page.index("Artist</a>")
    save(editor, is_facet="on")
    assert Attribute.objects.get(key="artist").translations == {}


def test_any_place_the_form_takes_can_be_sent_back_by_the_api(editor):
    assert save(editor, position="2147483647").status_code == 302
    address = "/api/v1/catalog/attributes/artist/"
    seen = editor.get(address).json()
    said = {name: seen[name] for name in ("label", "facet", "browsable", "position")}
    assert seen["position"] == 2147483647
    assert editor.put(address, said, content_type="application/json").json() == seen


def test_a_place_from_before_there_was_a_last_one_is_brought_within(editor):
    Attribute.objects.filter(key="artist").update(position=2**32 - 1)
    migration = import_module("apps.catalog.migrations.0008_attribute_positions")
    migration.bring_within(apps, SimpleNamespace(connection=connections["catalog"]))
    assert set(Attribute.objects.values_list("key", "position")) == {("artist", 2**31 - 1), ("colour", 0)}


def test_what_cannot_be_kept_is_told_and_nothing_typed_is_lost(editor):
    answer = save(editor, position="-3", label_es="Artista")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="-3"' in page
    assert 'value="Artista"' in page
    assert "greater than or equal to 0" in page
    assert Attribute.objects.get(key="artist").translations == {}
    for number in ("2147483648", "9" * 30):
        assert save(editor, position=number).status_code == 422
    assert editor.get("/editor/attributes/no-such").status_code == 404


def test_only_editors_come_in(editor, bob, client):
    for address in ("/editor/attributes", "/editor/attributes/artist"):
        assert client.get(address).status_code == 302
        assert sign_in(Client(), bob).get(address).status_code == 403
