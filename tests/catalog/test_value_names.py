"""What a value is called in another language: everywhere people see it, and where they look for it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from apps.catalog import attribute_editor, held, service
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Attribute, ListingWord
from tests.catalog.marks import searched
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


@pytest.fixture
def table(item):
    """The first of three things of wood, of which two are of oak."""
    item("Chair", Wood="Pine")
    item("Bench", Wood="Oak")
    return item("Table", Wood="Oak")


def save(editor, **said):
    form = {"label": "Wood", "is_facet": "on", "is_browsable": "on", "position": "0"}
    said = {name: text for name, text in (form | said).items() if text or name.startswith("value_")}
    answer = editor.post("/editor/attributes/wood", said)
    service.rebuild()  # the job that follows
    held.forget()
    return answer


def page(client, address: str, language: str = "es") -> str:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200, address
    return answer.content.decode()


SEEN = [
    ("/items/table", '<a href="/browse/wood/oak">{}</a>'),
    ("/browse/wood/oak", "<h1>{}</h1>"),
    ("/browse/wood", "{}"),
    ("/browse", '<p class="card__meta">{}</p>'),
    ("/browse?filter=wood:oak", "{}"),
    pytest.param("/search?q=table", '<p class="card__meta">{}</p>', marks=searched),
    ("/search/suggest?q=table", "{}"),
]


@pytest.mark.parametrize(("address", "seen"), SEEN)
def test_it_is_shown_in_the_language_of_who_looks(editor, client, table, address, seen):
    save(editor, value_es_oak="Roble")
    for language, name, other in (("es", "Roble", "Oak"), ("en", "Oak", "Roble")):
        text = page(client, address, language)
        assert seen.format(name) in text
        assert not re.search(rf">[^<]*\b{other}\b", text)


def test_filters_say_it(editor, client, table):
    save(editor, value_es_oak="Roble", label_es="Madera")
    text = page(client, "/browse")
    aside = text[text.index("<summary>Madera</summary>") :]
    assert re.findall(r'name="filter" value="wood:(\w+)"', aside) == ["oak", "pine"]
    assert "Roble" in aside
    assert "Pine" in aside, "what has no other name keeps its own"
    chosen = page(client, "/browse?filter=wood:oak")
    assert re.search(r"Roble\s*<", chosen)


def test_a_list_of_them_is_in_the_order_of_their_names(editor, client, table):
    save(editor, value_es_oak="Roble", value_es_pine="Álamo")
    for language, names in (("en", ["Oak", "Pine"]), ("es", ["Álamo", "Roble"])):
        text = page(client, "/browse/wood", language)
        assert sorted(names, key=text.index) == names


@searched
def test_it_is_found_by_every_name(editor, client, table):
    save(editor, value_es_oak="Roble macizo")
    for query in ("oak", "roble", "maciz"):
        assert "/items/table" in page(client, f"/search?q={query}")
        assert "/browse/wood/oak" in page(client, f"/search/suggest?q={query}")
    save(editor, value_es_oak="Encina")
    assert "/items/table" in page(client, "/search?q=encina")
    assert "Nothing was found" in page(client, "/search?q=roble", "en")
    assert set(ListingWord.objects.values_list("word", flat=True)) == {"oak", "encina", "pine"}


def test_it_is_taken_back(editor, client, table):
    save(editor, value_es_oak="Roble", label_es="Madera")
    save(editor, label_es="Madera", value_es_oak="")
    assert Attribute.objects.get().translations == {"es": {"label": "Madera"}}
    assert '<p class="card__meta">Oak</p>' in page(client, "/browse")
    save(editor)
    assert Attribute.objects.get().translations == {}


def test_names_whose_values_have_no_field_stay(editor, table, item, monkeypatch):
    save(editor, value_es_oak="Roble", value_es_pine="Pino")
    monkeypatch.setattr(attribute_editor, "MOST_VALUES", 1)
    form = page(editor, "/editor/attributes/wood", "en")
    assert "value_es_oak" in form
    assert "value_es_pine" not in form
    assert "These are the most frequent ones" in form
    save(editor, value_es_oak="Encina")
    assert Attribute.objects.get().translations["es"]["values"] == {"oak": "Encina", "pine": "Pino"}


def test_thousands_are_named_in_no_form(editor, table, monkeypatch):
    save(editor, value_es_oak="Roble")
    monkeypatch.setattr(attribute_editor, "SOUGHT", 1)
    assert "value_es_" not in page(editor, "/editor/attributes/wood", "en")
    save(editor)
    assert Attribute.objects.get().translations["es"]["values"] == {"oak": "Roble"}


def test_a_field_that_was_not_sent_takes_no_name(editor, table):
    save(editor, value_es_oak="Roble")
    save(editor)
    assert Attribute.objects.get().translations == {"es": {"values": {"oak": "Roble"}}}


def test_two_who_name_at_once_lose_nothing(editor, table):
    [seen] = re.findall(r'name="stamp" value="(\w+)"', page(editor, "/editor/attributes/wood"))
    assert save(editor, value_es_oak="Roble", stamp=seen).status_code == 302
    refused = save(editor, value_es_pine="Pino", value_es_oak="", stamp=seen)
    text = refused.content.decode()
    assert refused.status_code == 409
    assert "Somebody else changed this attribute" in text
    assert re.search(r"<dt>Oak, as saved by them</dt><dd>Roble</dd>", text)
    assert 'value="Pino"' in text
    assert Attribute.objects.get().translations == {"es": {"values": {"oak": "Roble"}}}
    [now] = re.findall(r'name="stamp" value="(\w+)"', text)
    assert save(editor, value_es_pine="Pino", value_es_oak="Roble", stamp=now).status_code == 302
    assert Attribute.objects.get().translations == {"es": {"values": {"oak": "Roble", "pine": "Pino"}}}


def test_it_is_suggested_again_once_its_list_is_back(editor, client, table):
    save(editor, is_facet="", is_browsable="", value_es_oak="Roble")
    assert "/browse/wood" not in page(client, "/search/suggest?q=roble")
    save(editor, value_es_oak="Roble")
    for query in ("oak", "roble"):
        assert "/browse/wood/oak" in page(client, f"/search/suggest?q={query}")


def test_dates_among_them_stay_in_their_order(editor, client, table, item):
    for day in ("2020-04-01", "2019-12-30", "2020-01-02"):
        item(day, Wood=date.fromisoformat(day))
    save(editor, value_es_oak="Roble")
    text = page(client, "/browse/wood")
    days = re.findall(r'href="/browse/wood/([\d-]+)"', text)
    assert days == ["2019-12-30", "2020-01-02", "2020-04-01"]


def test_only_words_have_other_names(editor, table, item):
    item("Old", Wood=Decimal(1840))
    form = page(editor, "/editor/attributes/wood", "en")
    assert re.findall(r'name="value_es_([\w-]+)"', form) == ["oak", "pine"]
    refused = save(editor, value_es_oak="R" * 201)
    assert refused.status_code == 422
    assert "R" * 201 in refused.content.decode()


@searched
def test_a_value_that_comes_later_has_its_name_at_once(client, item):
    item("Chair", Wood="Pine")
    Attribute.objects.update(translations={"es": {"values": {"oak": "Roble"}}})
    item("Table", Wood="Oak")
    assert "/browse/wood/oak" in page(client, "/search/suggest?q=robl")
    assert "/items/table" in page(client, "/search?q=roble")
    assert '<p class="card__meta">Roble</p>' in page(client, "/browse")


def test_a_draft_shows_it_before_it_is_saved(editor, table):
    save(editor, value_es_oak="Roble")
    draft = {
        "title": "Shelf",
        "currency": "EUR",
        "fact-name": "Wood",
        "fact-kind": "text",
        "fact-value": "Oak",
    }
    shown = editor.post("/editor/new/preview", draft, headers={"Accept-Language": "es"}).content.decode()
    assert "<dd>Roble</dd>" in shown
    service.change_item(table.pk, Draft(title="Table", facts=[Fact(name="Wood", value="Oak")]))
    assert table.__class__.objects.get(pk=table.pk).subtitles == {"es": "Roble"}
