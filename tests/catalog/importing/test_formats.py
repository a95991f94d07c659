"""Every format in every compression gives the same records, with the lines they begin in."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.importing.files import COMPRESSIONS, FORMATS, ROWS, delimited, read, refused, taken

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
# The first field is never empty, or a row of one empty field would be an empty line.
TABLE = st.lists(st.fixed_dictionaries({"key": TEXT.map("k".__add__), "title": TEXT}), min_size=1, max_size=8)
JSON_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
JSON_ROWS = st.lists(st.dictionaries(TEXT, JSON_VALUE, max_size=5), max_size=6)


@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_it_reads_every_format_in_every_compression(kind: str, compress: str) -> None:
    data = COMPRESSIONS[compress](FORMATS[kind](ROWS))
    assert taken(read(data)) == ROWS


@pytest.mark.parametrize("kind", FORMATS)
def test_it_reads_byte_by_byte(kind: str) -> None:
    assert taken(read(bytes([byte]) for byte in FORMATS[kind](ROWS))) == ROWS


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_byte_order_mark_tells_the_encoding(kind: str, mark: str) -> None:
    assert taken(read(FORMATS[kind](ROWS).decode().encode(mark))) == ROWS


def test_another_encoding_can_be_named() -> None:
    assert taken(read("key,title\n1,Canción\n".encode("latin-1"), encoding="latin-1")) == [
        {"key": "1", "title": "Canción"}
    ]
    assert taken(read("key,title\n1,Canción\n".encode("utf-16-le"), encoding="utf-16-le")) == [
        {"key": "1", "title": "Canción"}
    ]


def test_each_record_knows_its_line() -> None:
    assert [record.line for record in read(FORMATS["csv"](ROWS))] == [2, 4, 5]
    assert [record.line for record in read(FORMATS["jsonl"](ROWS))] == [1, 2, 3]
    assert [record.line for record in read(FORMATS["json"](ROWS))] == [2, 7, 12]


def test_empty_lines_are_no_records() -> None:
    assert taken(read(b"key,title\n\n1,a\n\n\n2,b\n\n")) == [
        {"key": "1", "title": "a"},
        {"key": "2", "title": "b"},
    ]
    assert taken(read(b'\n{"a": 1}\n \n{"a": 2}')) == [{"a": 1}, {"a": 2}]


def test_an_empty_list_holds_nothing() -> None:
    assert read(b" [ ] \n") == []


def test_a_delimiter_inside_quotation_marks_is_not_counted() -> None:
    assert taken(read(b'"a,b,c,d";e\n1;2\n')) == [{"a,b,c,d": "1", "e": "2"}]


def test_quotation_marks_can_mean_nothing() -> None:
    rows = taken(read(b'key\ttitle\n1\t"Untitled" by nobody\n2\t5" disc\n', quotes=False))
    assert [row["title"] for row in rows] == ['"Untitled" by nobody', '5" disc']


@given(
    rows=TABLE,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_writes_is_read_back(rows: list[dict], delimiter: str, quoting: int) -> None:
    data = delimited(rows, delimiter, quoting=quoting)
    outcomes = read(data, format="csv", delimiter=delimiter)
    assert taken(outcomes) == rows
    assert refused(outcomes) == []


@pytest.mark.slow
@given(rows=JSON_ROWS, indent=st.none() | st.integers(0, 3), ascii_only=st.booleans())
def test_what_a_json_writer_writes_is_read_back(
    rows: list[dict], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    assert taken(read(text.encode(), format="json")) == rows
    lines = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    if rows:
        assert taken(read(lines.encode(), format="jsonl")) == rows


@pytest.mark.slow
@given(rows=JSON_ROWS.filter(bool), cut=st.integers(0, 200), kind=st.sampled_from(["json", "jsonl"]))
def test_one_spoilt_record_costs_one_record(rows: list[dict], cut: int, kind: str) -> None:
    at = cut % len(rows)
    parts = [json.dumps(row) for row in rows]
    parts[at] = '{"a": tru, "b": [1, "x]"]}'
    text = "[" + ",\n".join(parts) + "]" if kind == "json" else "\n".join(parts)
    outcomes = read(text.encode(), format=kind)
    assert taken(outcomes) == rows[:at] + rows[at + 1 :]
    assert len(refused(outcomes)) == 1
    assert refused(outcomes)[0].line == at + 1
