"""Search by whatever full-text index the database has: every word must be there, accents and language don't matter.

Committed for real: InnoDB's full-text index sees nothing of an open transaction.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog import search as searching
from apps.catalog import service
from apps.catalog.contract import InvalidQuery
from apps.catalog.drafts import Draft
from apps.catalog.models import Item, Listing
from apps.catalog.search import search, terms_of
from seam import atomic

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


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
@pytest.mark.parametrize("read", [4000, 60, 10])
@pytest.mark.parametrize(
    ("query", "number"), [("all", 130), ("some", 44), ("few", 4), ("all some", 44), ("some few", 2)]
)
def test_every_match_once_however_the_search_is_run(many, monkeypatch, common, read, query, number):
    """Rare or common, filled from documents as they come or by the index after all: the same matches."""
    monkeypatch.setattr(searching, "COMMON", common)
    monkeypatch.setattr(searching, "READ_AT_MOST", read)
    found = walk(query, 7)
    assert len(found) == len(set(found)) == number


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
