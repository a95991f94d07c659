"""The mapping file is read strictly: every mistake gets a sentence with its place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from apps.catalog.importing.mapping import load_mapping, parse_mapping
from functions.catalog_import_chunk.records import ImportProblem
from functions.catalog_import_chunk.rules import Mapping

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
SMALL = '[item]\nkey = "id"\ntitle = "name"\n'


def parse(text: str) -> Mapping:
    return parse_mapping(tomllib.loads(text), "shop")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_examples_are_right(path: Path) -> None:
    assert load_mapping(path).item.key.paths


def test_the_name_is_the_files_unless_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "Shop.toml").write_text(SMALL)
    assert load_mapping(tmp_path / "Shop.toml").name == "shop"
    (tmp_path / "Shop.toml").write_text('name = "other"\n' + SMALL)
    assert load_mapping(tmp_path / "Shop.toml").name == "other"


def test_it_says_which_columns_it_needs() -> None:
    mapping = parse(
        '[item]\nkey = "id"\ntitle = ["{name} ({year})", "name"]\n[defaults]\ncurrency = "EUR"\n'
        '[price]\nsource = "price"\ncurrency_source = "currency"\n[[attributes]]\nname = "a"\nsource = "name"'
    )
    assert mapping.columns() == ["id", "name", "year", "price"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs item, which is not there"),
        ("[item]", "needs item.key, item.title, which are not there"),
        ("items = 1", "knows no “items”. Did you mean “item”? Known here: item, name"),
        ('[item]\nkey = "id"\ntitel = "x"', "knows no “item.titel”. Did you mean “title”?"),
        ("item = 3", "item in the mapping must be a table, not 3"),
        ('[item]\nkey = 3\ntitle = "x"', "item.key in the mapping must be a column or a path"),
        ('[item]\nkey = ""\ntitle = "x"', "item.key: Name at least one column"),
        ('[item]\nkey = []\ntitle = "x"', "item.key: Name at least one column"),
        ('[item]\nkey = "a..b"\ntitle = "x"', "item.key: “a..b” is not a path"),
        ('[item]\nkey = "a[x]"\ntitle = "x"', "item.key: “a[x]” is not a path"),
        (SMALL + 'status = "live"', "item.status in the mapping must be one of published, draft, not 'live'"),
        (SMALL + "[file]\nquotes = 1", "file.quotes in the mapping must be true or false, not 1"),
        (SMALL + '[file]\nformat = "xml"', "file.format in the mapping must be one of csv, tsv, jsonl, json"),
        (SMALL + '[file]\ndelimiter = "::"', "file.delimiter must be one character"),
        (SMALL + '[categories]\nsource = "a"', "must be a list; write [[categories]]"),
        (SMALL + '[[attributes]]\nname = "a"', "needs attributes[1].source"),
        (
            SMALL
            + '[[attributes]]\nname = "a"\nsource = "a"\n[[attributes]]\nname = "b"\nsource = "b"\ntype = "int"',
            "attributes[2].type in the mapping must be one of text, number, date",
        ),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\n[[attributes]]\nname = "Á"\nsource = "b"',
            "attributes[2]: there is already an attribute “Á”",
        ),
        (SMALL + '[[attributes]]\nname = " "\nsource = "a"', "attributes[1].name must have 1 to 80"),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\nformat = "%Y"',
            "attributes[1].format is for dates",
        ),
        (SMALL + '[price]\nsource = "p"', "price needs either currency"),
        (
            SMALL + '[price]\nsource = "p"\ncurrency = "EUR"\ncurrency_source = "c"',
            "price needs either currency",
        ),
        (SMALL + '[price]\nsource = "p"\ncurrency = "euro"', "price.currency must be three capital letters"),
        ('name = "Mi tienda"\n' + SMALL, "name must be lower-case letters"),
        (SMALL + '[item.translations.es]\ntitulo = "x"', "knows no “item.translations.es.titulo”"),
        (SMALL + '[item.translations.xx]\ntitle = "x"', "item.translations.xx: there is no language xx here"),
        (
            SMALL + f'[[categories]]\nsource = "a"\nlabels = {{ en = {{ b = "{"c" * 201}" }} }}',
            "categories[1].labels.en must have 1 to 200 characters",
        ),
        (
            SMALL + f'[[tree]]\npath = "a"\ntitle = "a"\nlabels = {{ en = "{"c" * 201}" }}',
            "tree[1].labels.en must have 1 to 200 characters",
        ),
        (
            SMALL + '[item.translations.en]\ntitle = "english"',
            "item.translations.en: en is the site's own language, that of item.title and item.description",
        ),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\nvalues = { en = { b = "c" } }',
            "attributes[1].values are names of texts in other languages than en",
        ),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\ntype = "date"\nvalues = { es = { b = "c" } }',
            "attributes[1].values are names of texts",
        ),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\nvalues = { es = { b = " " } }',
            "attributes[1].values.es must have 1 to 200 characters",
        ),
        (
            SMALL + f'[[attributes]]\nname = "a"\nsource = "a"\nlabels = {{ en = "{"b" * 81}" }}',
            "attributes[1].labels.en must have 1 to 80 characters",
        ),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\nlabels = { fr = "b" }',
            "attributes[1].labels.fr: there is no language fr here; it can be one of en, es",
        ),
        (
            SMALL + '[[attributes]]\nname = "a"\nsource = "a"\nposition = 2147483648',
            "attributes[1].position must be from 0 to 2147483647",
        ),
        (SMALL + '[[tree]]\npath = "a"\ntitle = "A"\nposition = -1', "tree[1].position must be from 0 to"),
        (SMALL + "[defaults]\nname = 3", "defaults.name in the mapping must be a text, not 3"),
    ],
)
def test_a_mistake_gets_a_sentence_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(ImportProblem, match=re.escape(sentence)):
        parse(text)


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"item = \n", "Invalid value"), (b"[item]\nkey = '\xff'", "utf-8"), (None, "No such file")],
)
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, data: bytes | None, word: str) -> None:
    path = tmp_path / "shop.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ImportProblem, match=rf"shop\.toml.*{word}"):
        load_mapping(path)
