"""One record by the rules of a mapping."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.drafts import Fact
from apps.catalog.importing.mapped import MappedItem, item_of
from apps.catalog.importing.mapping import load_mapping, parse_mapping
from functions.catalog_import_chunk.mapper import Mapper, number
from functions.catalog_import_chunk.records import RecordProblem
from functions.catalog_import_chunk.rules import as_table
from functions.catalog_import_chunk.strict import build

ROOT = Path(__file__).parents[3]
SMALL = '[item]\nkey = "id"\ntitle = "name"\n'


def mapped(text: str, data: dict[str, Any]) -> MappedItem:
    mapper = Mapper(parse_mapping(tomllib.loads(text), "shop"))
    return item_of(mapper({"id": "1", "name": "A print", **data}))


def attribute(rules: str, value: Any) -> Any:
    return mapped(SMALL + f'[[attributes]]\nname = "a"\nsource = "a"\n{rules}', {"a": value}).draft.facts


def test_a_real_record() -> None:
    mapper = Mapper(load_mapping(ROOT / "docs/examples/tate.toml"))
    with (Path(__file__).parent / "tate.jsonl").open() as lines:
        items = [item_of(mapper(json.loads(line))) for line in lines]
    first = items[0]
    assert first.key == "A00001"
    assert first.draft.title.startswith("A Figure Bowing before a Seated Old Man")
    assert first.published
    assert first.categories[0] == ("people", "actions: postures and motions", "arm/arms raised")
    assert len(first.categories) == 6
    assert Fact(name="Artist", value="Robert Blake") in first.draft.facts
    years = [[fact.value for fact in item.draft.facts if fact.name == "Year begun"] for item in items]
    assert years[0] == []
    assert {type(year) for found in years for year in found} == {Decimal}
    assert any(not item.categories for item in items)
    assert len({item.digest() for item in items}) == len(items)


@pytest.mark.parametrize("path", sorted((ROOT / "docs/examples").glob("*.toml")), ids=lambda path: path.name)
def test_a_mapping_crosses_as_a_table_of_plain_values(path: Path) -> None:
    mapping = load_mapping(path)
    assert build(type(mapping), json.loads(json.dumps(as_table(mapping)))) == mapping


def test_the_function_s_limits_are_those_of_the_catalogue() -> None:
    from apps.catalog import categories
    from apps.catalog.models import Category, ImportedRecord
    from functions.catalog_import_chunk import mapper

    assert mapper.LEVELS == categories.LEVELS
    assert ImportedRecord._meta.get_field("key").max_length == mapper.KEY_LENGTH
    assert Category._meta.get_field("title").max_length == mapper.CATEGORY_LENGTH


def test_texts_are_tidied() -> None:
    item = mapped(SMALL + 'description = "d"', {"name": "  Two\n lines\t", "d": " One.\r\nTwo.\r"})
    assert (item.draft.title, item.draft.description) == ("Two lines", "One.\nTwo.")


@pytest.mark.parametrize(
    ("title", "data", "expected"),
    [
        ("a.b", {"a": {"b": "x"}}, "x"),
        ("a.b", {"a.b": "the column", "a": {"b": "x"}}, "the column"),
        ("a[].b", {"a": [{"b": "x"}, {"c": 1}, {"b": "y"}]}, "x, y"),
        ("a[1].b", {"a": [{"b": "x"}, {"b": "y"}]}, "y"),
        ("a[]", {"a": ["x", None, 3, True]}, "x, 3, true"),
        ("{name} ({year})", {"year": 1999}, "A print (1999)"),
        (["{name} ({year})", "name"], {"year": None}, "A print"),
        (["short", "name"], {"short": " "}, "A print"),
    ],
)
def test_where_a_text_comes_from(title: Any, data: dict, expected: str) -> None:
    assert mapped(f'[item]\nkey = "id"\ntitle = {json.dumps(title)}', data).draft.title == expected


@pytest.mark.parametrize("value", [None, "", " ", "missing"])
def test_a_default_stands_in_for_what_is_missing(value: Any) -> None:
    data = {} if value == "missing" else {"t": value}
    text = '[item]\nkey = "id"\ntitle = "t"\n[defaults]\nt = "Untitled"'
    assert mapped(text, data).draft.title == "Untitled"
    assert mapped(text, {"t": "Titled"}).draft.title == "Titled"


def test_draft_and_translations() -> None:
    text = SMALL + 'status = "draft"\n[item.translations.es]\ntitle = "nombre"\ndescription = "texto"'
    item = mapped(text, {"nombre": "Una lámina", "texto": ""})
    assert not item.published
    assert item.draft.translations == {"es": {"title": "Una lámina"}}


TREE = {
    "s": {
        "children": [
            {
                "name": "nature",
                "children": [{"name": "land", "children": [{"name": "hill"}, {"name": "dale"}]}],
            },
            {"name": "places", "children": []},
            {"name": "people", "children": [{"name": "adults"}]},
            {"name": None, "children": [{"name": "lost"}]},
        ]
    }
}


@pytest.mark.parametrize(
    ("rules", "data", "expected"),
    [
        ('source = "c"', {"c": "Prints"}, [("Prints",)]),
        ('source = "c"', {"c": ""}, []),
        ('source = "c"\nsplit = ";"', {"c": "Prints; Blue ;;Prints"}, [("Prints",), ("Blue",)]),
        (
            'source = "c"\nlevels = ">"\nsplit = ";"',
            {"c": "Home > Blue; Gifts"},
            [("Home", "Blue"), ("Gifts",)],
        ),
        ('source = "c"\nunder = ["Shop", "New"]', {"c": "Prints"}, [("Shop", "New", "Prints")]),
        ('source = "tags[]"', {"tags": ["a", "b", "a"]}, [("a",), ("b",)]),
        ('source = ["missing", "c"]', {"c": "Prints"}, [("Prints",)]),
        (
            'source = "s.children[].children[].children[].name"',
            TREE,
            [("nature", "land", "hill"), ("nature", "land", "dale"), ("places",), ("people", "adults")],
        ),
    ],
)
def test_categories(rules: str, data: dict, expected: list) -> None:
    assert mapped(SMALL + "[[categories]]\n" + rules, data).categories == tuple(expected)


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        ("", "Blue", ["Blue"]),
        ("", 7, ["7"]),
        ("", "", []),
        ('type = "number"', "12.50", [Decimal("12.5")]),
        ('type = "number"', 1e3, [Decimal(1000)]),
        ('type = "number"', -3, [Decimal(-3)]),
        ('type = "number"', "-1,234,567.5", [Decimal("-1234567.5")]),
        ('type = "date"', "2026-01-31", [date(2026, 1, 31)]),
        ('type = "date"\nformat = "%d/%m/%Y"', "31/01/2026", [date(2026, 1, 31)]),
        ('type = "number"\ninvalid = "skip"', "about 3", []),
        ('split = "/"', "Blue / / Red", ["Blue", "Red"]),
    ],
)
def test_attributes(rules: str, value: Any, expected: Any) -> None:
    assert [fact.value for fact in attribute(rules, value)] == expected


def test_an_attribute_may_have_several_values() -> None:
    text = SMALL + '[[attributes]]\nname = "Artist"\nsource = "by[].name"'
    item = mapped(text, {"by": [{"name": "Gilbert"}, {"name": "George"}]})
    assert item.draft.facts == [Fact(name="Artist", value="Gilbert"), Fact(name="Artist", value="George")]


@pytest.mark.parametrize(
    ("rules", "value", "sentence"),
    [
        ("", {"b": 1}, "“a” holds a list or an object. Name what is in it"),
        ("", "x" * 1001, "needs a value of 1 to 1000 characters"),
        ("", "a\0b", "NUL"),
        ("", "\ud800", "half a character"),
        ('type = "number"', "1,234", "not a number"),
        ('type = "number"', "1.234,5", "not a number"),
        ('type = "number"', "1,23,456.5", "not a number"),
        ('type = "number"', ",234.5", "not a number"),
        ('type = "number"', "12 EUR", "not a number"),
        ('type = "number"', "NaN", "not a number"),
        ('type = "number"', "٣", "not a number"),
        ('type = "number"', "1e99", "too large or"),
        ('type = "number"', "0.1234567", "too exact a number"),
        ('type = "date"', "31/01/2026", "not a date written like 2026-01-31"),
        ('type = "date"\nformat = "%d/%m/%Y"', "2026-01-31", "not a date written like %d/%m/%Y"),
    ],
)
def test_a_value_that_does_not_fit_is_told(rules: str, value: Any, sentence: str) -> None:
    with pytest.raises(RecordProblem) as caught:
        attribute(rules, value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "data", "expected"),
    [
        ('currency = "EUR"', {"p": "12.5"}, (Decimal("12.50"), "EUR")),
        ('currency = "EUR"', {"p": 0}, (Decimal("0.00"), "EUR")),
        ('currency = "EUR"', {"p": ""}, (None, "")),
        ('currency_source = "c"', {"p": "7", "c": "usd"}, (Decimal("7.00"), "USD")),
        ('currency = "EUR"\n[file]\ndecimal = ","', {"p": "12,50"}, (Decimal("12.50"), "EUR")),
        ('currency = "EUR"\n[file]\ndecimal = ","', {"p": "1.234,50"}, (Decimal("1234.50"), "EUR")),
    ],
)
def test_prices(rules: str, data: dict, expected: tuple) -> None:
    item = mapped(SMALL + '[price]\nsource = "p"\n' + rules, data)
    assert (item.draft.price, item.draft.currency) == expected


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"p": "-1"}, "between 0 and"),
        ({"p": "1.005"}, "at most two decimals"),
        ({"p": "12,50"}, "Write it like 1234.5"),
        ({"p": "99999999999"}, "between 0 and"),
        ({"p": "1", "c": "euro"}, "three letters"),
        ({"p": "1"}, "three letters"),
    ],
)
def test_a_wrong_price_is_told(data: dict, sentence: str) -> None:
    with pytest.raises(RecordProblem, match=sentence):
        mapped(SMALL + '[price]\nsource = "p"\ncurrency_source = "c"', data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"id": ""}, "There is no key: “id” is empty"),
        ({"name": None}, "There is no title: “name” is empty"),
        ({"name": "x" * 401}, "title is longer than 400 characters"),
        ({"id": "x" * 192}, "key has 192 characters"),
    ],
)
def test_what_an_item_must_have(data: dict, sentence: str) -> None:
    with pytest.raises(RecordProblem, match=sentence):
        mapped(SMALL, data)


def test_pictures_are_split_and_kept_in_order() -> None:
    text = SMALL + '[pictures]\nsource = "files"\nsplit = "|"\nalt = "{name}, framed"'
    item = mapped(text, {"files": "b.jpg| a.png |"})
    assert item.pictures == ("b.jpg", "a.png")
    assert item.alt == "A print, framed"


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=6), st.sampled_from(".,"))
def test_numbers_are_read_as_they_are_written(value: Decimal, mark: str) -> None:
    assert Decimal(number("a", f"{value:f}".replace(".", mark), mark)) == value


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_sentence(text: str) -> None:
    try:
        assert Decimal(number("a", text)).is_finite()
    except RecordProblem as problem:
        assert str(problem).startswith("a: ")  # noqa: PT017
