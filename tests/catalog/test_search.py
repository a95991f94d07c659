"""Search by whatever full-text index the database has: every word must be there, accents and language don't matter.

Committed for real: InnoDB's full-text index sees nothing of an open transaction.
"""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog import held, service
from apps.catalog import search as searching
from apps.catalog.contract import InvalidQuery
from apps.catalog.drafts import Draft
from apps.catalog.models import Item, Listing
from apps.catalog.search import search, terms_of
from seam import atomic
from tests.catalog.marks import searched

pytestmark = searched


def titles(query: str, **more) -> list[str]:
    found = search(query, documents=service.everything(), **more)
    items = Item.objects.in_bulk(found.ids)
    return [items[pk].title for pk in found.ids]


@pytest.fixture
def catalogue(item, category):
    item("Ámbar del río", description="A boat on the water", translations={"es": {"title": "Luz en la ría"}})
    item("Of the sea", Artist="J. M. W. Turner", categories=[category("Places", "Harbours")])
    item("Boats in fog", description="Grey paper")
    item("Draft boat", published=False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("AMBAR", {"Ámbar del río"}),
        ("ámb", {"Ámbar del río"}),
        ("rio", {"Ámbar del río"}),
        ("ría luz", {"Ámbar del río"}),  # the other language
        ("boat", {"Ámbar del río", "Boats in fog"}),
        ("boats", {"Ámbar del río", "Boats in fog"}),
        ("boat fog", {"Boats in fog"}),
        ("fog boat water", set()),
        ("of", {"Of the sea"}),  # two letters, and a stop word of InnoDB
        ("the sea", {"Of the sea"}),
        ("j m w", {"Of the sea"}),
        ("turner", {"Of the sea"}),
        ("places harb", {"Of the sea"}),
        ("oat", set()),  # a word's end is not its beginning
        ("draft", set()),
        ("nothing like it", set()),
    ],
)
def test_finds_items_with_every_word_or_its_beginning(catalogue, query, found):
    assert set(titles(query)) == found


def test_a_title_that_says_it_comes_first(item):
    item("Something else", description="with a lighthouse in it")
    item("Lighthouses at night")
    item("The lighthouse")
    assert titles("lighthouse") == ["The lighthouse", "Lighthouses at night", "Something else"]


def test_what_changes_is_found_by_its_new_words_only(item):
    made = item("Boat")
    service.change_item(made.pk, Draft(title="Ship"))
    assert titles("ship") == ["Ship"]
    assert titles("boat") == []
    service.withdraw_item(made.pk)
    assert titles("ship") == []
    service.publish_item(made.pk)
    assert titles("ship") == ["Ship"]
    service.delete_item(made.pk)
    assert titles("ship") == []


HOSTILE = [
    *(
        '"',
        "'",
        "*",
        "+",
        "-boat",
        "+boat*",
        "boat*",
        "(boat",
        "boat)",
        "@boat",
        "~boat",
        "<boat",
        ">boat",
        "%",
        "_",
    ),
    *(
        "boat OR fog",
        "NEAR(boat fog)",
        "words:boat",
        '"boat" AND',
        "boat^2",
        "a" * 10_000,
        "boat " * 3_000,
        "\x00boat",
    ),
    *(
        "🚤",
        "🚤 boat",
        "' OR 1=1 --",
        "\\",
        "\\'",
        "the of and",
        "�",
        "日本",
        "ﷺ",
        "‮boat",
        "\ud800",
        "xx",
        "; DROP TABLE",
    ),
]


@pytest.mark.parametrize("query", HOSTILE)
def test_nothing_anybody_types_is_syntax(catalogue, query):
    assert set(titles(query)) <= {"Ámbar del río", "Of the sea", "Boats in fog"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_no_text_breaks_it(query):
    titles(query)


def test_at_most_a_few_words_are_looked_for():
    assert len(terms_of("one two three four five six seven eight nine ten")) == 8
    assert terms_of("x" * 500) == ["x" * 40]


@pytest.fixture
def many() -> list[str]:
    """130 items: every word stands in "all"; "some" in every third, "few" in every fortieth."""
    names = []
    items, drafts = [], []
    for number in range(130):
        words = ["all", *(["some"] if number % 3 == 0 else []), *(["few"] if number % 40 == 0 else [])]
        names.append(f"Item {number:03}")
        items.append(Item(is_published=True))
        drafts.append(Draft(title=names[-1], description=" ".join(words)))
    with atomic("catalog"):
        service.create_items(items, drafts)
    return names


def walk(query: str, limit: int) -> list[str]:
    found, after = [], None
    for _step in range(200):
        page = search(query, documents=service.everything(), limit=limit, after=after)
        items = Item.objects.in_bulk(page.ids)
        found += [items[pk].title for pk in page.ids]
        after = page.next
        if after is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.slow
@pytest.mark.parametrize("common", [1000, 50, 20, 1])
@pytest.mark.parametrize("read", [(4000, 20_000), (60, 60), (10, 30)])
@pytest.mark.parametrize(
    ("query", "number"), [("all", 130), ("some", 44), ("few", 4), ("all some", 44), ("some few", 2)]
)
def test_every_match_once_however_the_search_is_run(many, monkeypatch, common, read, query, number):
    """Rare or common, filled from documents as they come or by the index after all: the same matches."""
    monkeypatch.setattr(searching, "COMMON", common)
    monkeypatch.setattr(searching, "READ_AT_MOST", read)
    found = walk(query, 7)
    assert len(found) == len(set(found)) == number


@pytest.fixture
def priced(item):
    """Boats by title, price and the order they came in; the Spanish titles sort the other way round."""
    for title, spanish, price in (
        ("B boat", "C", "10"),
        ("A boat", "D", None),
        ("D boat", "A", "9.50"),
        ("C boat", "B", "9.50"),
    ):
        item(
            title,
            description="boat",
            translations={"es": {"title": spanish}},
            price=price and Decimal(price),
            currency="EUR" if price else "",
        )


def walk_sorted(order: str, language: str = "en", limit: int = 1) -> list[str]:
    found, after = [], None
    while True:
        page = search(
            "boat", documents=service.everything(), limit=limit, after=after, order=order, language=language
        )
        items = Item.objects.in_bulk(page.ids)
        found += [items[pk].title[0] for pk in page.ids]
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_what_was_found_is_sorted_page_by_page(priced, limit):
    assert walk_sorted("newest", limit=limit) == ["C", "D", "A", "B"]
    assert walk_sorted("title", limit=limit) == ["A", "B", "C", "D"]
    assert walk_sorted("title", language="es", limit=limit) == ["D", "C", "B", "A"]
    cheap, dear = walk_sorted("price", limit=limit), walk_sorted("-price", limit=limit)
    assert (set(cheap[:2]), cheap[2:]) == ({"C", "D"}, ["B", "A"])
    assert (dear[0], set(dear[1:3]), dear[3]) == ("B", {"C", "D"}, "A")


def test_common_words_are_not_sorted_and_it_is_said(priced, client, monkeypatch):
    ways = client.get("/search?q=boat&order=-price").content.decode()
    assert re.findall(r'aria-current="true">([^<]+)', ways) == ["Highest price"]
    assert ways.index("B boat") < ways.index("A boat")
    assert 'href="/search?q=boat&amp;order=title"' in ways
    assert 'href="/search?q=boat"' in ways
    assert "too common" not in ways
    monkeypatch.setattr(searching, "COMMON", 1)
    cache.clear()
    held.forget()
    common = client.get("/search?q=boat&order=-price").content.decode()
    assert "too common to be sorted" in common
    assert "Highest price" not in common
    for language, order in (("en", "newest"), ("en", "-price")):
        answer = client.get(f"/api/v1/catalog/search/?q=boat&order={order}&l={language}")
        assert (answer.status_code, answer.json()["code"]) == (400, "catalog.invalid_query")
    assert client.get("/api/v1/catalog/search/?q=boat&order=relevance").status_code == 200


def test_programs_sort_what_they_found(priced, client):
    answer = client.get("/api/v1/catalog/search/?q=boat&order=title&limit=2").json()
    rest = client.get(f"/api/v1/catalog/search/?q=boat&order=title&limit=2&after={answer['next']}").json()
    assert [one["title"][0] for one in answer["items"] + rest["items"]] == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("address", "beginning"),
    [
        ("order=rubbish", ""),
        ("order=rubbish&after=2-1", ""),
        ("order=price&after=2-1", "&order=price"),
        ("order=title&after=x", "&order=title"),
        ("after=x", ""),
        ("after=x&filter=.in:places", "&filter=.in%3Aplaces"),
    ],
)
def test_a_foreign_order_or_place_of_it_leads_to_the_beginning(priced, client, category, address, beginning):
    category("Places")
    answer = client.get(f"/search?q=boat&{address}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/search?q=boat{beginning}")


def test_a_place_among_titles_in_another_language_is_no_place_here(priced, client):
    english, spanish = (
        search("boat", documents=4, limit=1, order="title", language=one).next for one in ("en", "es")
    )
    for language, place in (("es", english), ("en", spanish)):
        with pytest.raises(InvalidQuery):
            search("boat", documents=4, order="title", language=language, after=place)
    answer = client.get(f"/search?q=boat&order=title&after={english}", headers={"accept-language": "es"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/search?q=boat&order=title")


def test_narrowed_to_listings(item, category):
    place = category("Places")
    item("Boat one", categories=[place])
    item("Boat two")
    listing = Listing.objects.get(pk=place.pk)
    assert titles("boat", within={"in": [listing]}) == ["Boat one"]
    assert titles("boat", within={"in": [Listing(pk=0, items=0)]}) == []


@pytest.mark.parametrize("after", ["", "x", "3-1", "2-", "2-" + "f" * 17, "-1", "2-zz", "١-1", "2-1 OR 1"])
def test_a_foreign_cursor_is_refused(after):
    with pytest.raises(InvalidQuery):
        search("boat", documents=1, after=after)


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_foolish_limit_is_refused(limit):
    with pytest.raises(InvalidQuery):
        search("boat", documents=1, limit=limit)
