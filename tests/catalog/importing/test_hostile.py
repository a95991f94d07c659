"""Broken, huge and hostile files: a sentence that says what to do, and nothing else is lost."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.importing.formats import FileOptions, read_records
from apps.catalog.importing.streams import stream_of
from functions.catalog_import_chunk.records import ImportProblem, Record, Rejected
from tests.catalog.importing.files import FORMATS, read, refused, taken

LIMIT = 10_000
HUGE = b"x" * 50_000


def until_it_breaks(data: bytes, **options: object) -> tuple[list[dict], str]:
    """What was read before the import could not go on, and what it said."""
    found: list[dict] = []
    try:
        for one in read_records(stream_of(iter([data])), FileOptions(**options)):  # type: ignore[arg-type]
            assert isinstance(one, Record)
            found.append(one.data)
    except ImportProblem as problem:
        return found, str(problem)
    raise AssertionError("it went on to the end")


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.compress])
def test_a_file_cut_off_gives_what_came_before_it(packed) -> None:
    rows = [{"key": str(number), "title": f"{number * 7919 % 10007}"} for number in range(20_000)]
    whole = packed(FORMATS["jsonl"](rows))
    found, sentence = until_it_breaks(whole[: len(whole) // 2])
    assert 1_000 < len(found) < 20_000
    assert found == rows[: len(found)]
    assert "cut off" in sentence


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress])
def test_a_damaged_file_is_told(packed) -> None:
    whole = bytearray(packed(FORMATS["jsonl"]([{"key": str(n)} for n in range(5_000)])))
    whole[len(whole) // 2] ^= 0xFF
    with pytest.raises(ImportProblem, match=r"damaged|cut off"):
        read(bytes(whole))


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"PK\x03\x04", "Excel"), (b"%PDF-1.7", "PDF"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\x00", "xz")],
)
def test_other_containers_are_named(head: bytes, word: str) -> None:
    with pytest.raises(ImportProblem, match=word):
        read(head + b"\0" * 50)


@pytest.mark.parametrize("data", [b"", b"  \n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(data: bytes) -> None:
    with pytest.raises(ImportProblem, match="nothing in the file"):
        read(data)


# --- encodings ---


def test_a_spoilt_line_costs_one_record() -> None:
    outcomes = read(
        "key,title\n1,Río\n2,R\xedo\n3,Mar\n".encode("latin-1").replace(b"1,R\xed", "1,Rí".encode())
    )
    assert [row["key"] for row in taken(outcomes)] == ["1", "3"]
    (bad,) = refused(outcomes)
    assert (bad.line, bad.record) == (3, "2,R�o")
    assert "Line 3 is not UTF-8" in bad.reason
    assert "--encoding cp1252" in bad.reason


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_wrong_encoding_stops_the_import(kind: str) -> None:
    rows = [{"key": str(n), "title": "Canción"} for n in range(100)]
    with pytest.raises(ImportProblem, match=r"Line [345] is not UTF-8.*--encoding cp1252"):
        read(FORMATS[kind](rows).decode().encode("latin-1"))


def test_a_spoilt_record_in_a_json_list_costs_one_record() -> None:
    outcomes = read(
        '[{"a": "Río"}, {"a": "R\xedo"}, {"a": 3}]'.encode("latin-1").replace(
            b'"R\xedo"}, {"a": "', b'""}, {"a": "', 1
        )
    )
    assert taken(outcomes) == [{"a": ""}, {"a": 3}]
    assert "--encoding cp1252" in refused(outcomes)[0].reason


def test_an_encoding_that_does_not_fit_names_the_line() -> None:
    with pytest.raises(ImportProblem, match="Line 3 is not ascii"):
        read("key,title\n1,a\n2,ñ\n".encode(), encoding="ascii")


def test_an_unknown_encoding_is_told() -> None:
    for name in ("utf9", "rot13", "base64", "a\0b"):
        with pytest.raises(ImportProblem, match="latin-1"):
            read(b"key\n1\n", encoding=name)


def test_nul_characters_are_refused() -> None:
    outcomes = read(b"key,title\n1,a\0b\n2,c\n")
    assert taken(outcomes) == [{"key": "2", "title": "c"}]
    assert "NUL" in refused(outcomes)[0].reason


# --- size ---


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"a": 1}\n{"a": "' + HUGE + b'"}\n{"a": 3}\n', id="jsonl"),
        pytest.param(b'[{"a": 1},\n{"a": "' + HUGE + b'"},\n{"a": 3}]', id="json, one long text"),
        pytest.param(
            b'[{"a": 1},\n{"a": [' + b'{"b": "}\\""},' * 5000 + b'3]},\n{"a": 3}]', id="json, many small"
        ),
        pytest.param(b"a\n1\n" + HUGE + b"\n3\n", id="csv, one long line"),
        pytest.param(b'a\n1\n"' + HUGE + b'\n4\n5\n"\n3\n', id="csv, a long quoted line and more lines"),
        pytest.param(b'a\n1\n"' + b"4\n" * 20_000 + b'"\n3\n', id="csv, many quoted lines"),
    ],
)
def test_a_record_too_large_is_refused_and_the_next_one_is_taken(data: bytes) -> None:
    outcomes = read(data, max_record=LIMIT)
    assert [int(row["a"]) for row in taken(outcomes)] == [1, 3]
    (bad,) = refused(outcomes)
    assert "--max-record-mb" in bad.reason
    assert len(str(bad.record)) < 3_000


# --- JSON ---


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b'{"a": 1', "not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b"3", "must be a JSON object"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", "can't be read"),
    ],
)
def test_a_bad_json_line_costs_that_line(line: bytes, word: str) -> None:
    for data in (b'{"a": 1}\n' + line + b'\n{"a": 3}\n',):
        outcomes = read(data)
        assert taken(outcomes) == [{"a": 1}, {"a": 3}]
        assert refused(outcomes)[0].line == 2
        assert word in refused(outcomes)[0].reason


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (b'{"a" 1}', "Not valid JSON"),
        (b"oops", "Not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'"text, with ] in it"', "must be a JSON object"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
    ],
)
def test_a_bad_value_in_a_json_list_costs_that_value(value: bytes, word: str) -> None:
    outcomes = read(b'[{"a": 1},\n' + value + b',\n{"a": 3}]')
    assert taken(outcomes) == [{"a": 1}, {"a": 3}]
    (bad,) = refused(outcomes)
    assert bad.line == 2
    assert word in bad.reason


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'[{"a": 1},\n{"a": 2}', "never closed"),
        (b'[{"a": 1},\n{"a": [2}\n]', "begins in line 2 never ends"),
        (b'[{"a": 1},\n{"a": "2}\n]', "begins in line 2 never ends"),
        (b'[{"a": 1}]\n[{"a": 2}]', "Something follows the end of the JSON list in line 2"),
    ],
)
def test_a_json_list_that_cannot_go_on_gives_what_came_before(data: bytes, sentence: str) -> None:
    found, said = until_it_breaks(data)
    assert found[0] == {"a": 1}
    assert sentence in said


def test_one_object_over_several_lines_is_told() -> None:
    with pytest.raises(ImportProblem, match="over several lines"):
        read(json.dumps({"items": []}, indent=1).encode())
    with pytest.raises(ImportProblem, match="does not hold a JSON list"):
        read(b'{"items": []}', format="json")


# --- CSV ---


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(
        ImportProblem, match=r"no column “titel”. Did you mean “title”\? Its columns are: key, title"
    ):
        read(b"key,title,\n1,a,\n", ("key", "titel"))


def test_a_column_twice_is_told_when_it_is_needed() -> None:
    with pytest.raises(ImportProblem, match=r"“title” is there more than once \(columns 2, 4\)"):
        read(b"key,title,x,title\n1,a,b,c\n", ("title",))
    assert taken(read(b"key,title,x,x\n1,a,b,c\n", ("title",))) == [{"key": "1", "title": "a", "x": "c"}]


def test_ragged_rows_are_refused_with_both_counts() -> None:
    outcomes = read(b"a,b\n1,2\n1\n1,2,3\n3,4\n")
    assert taken(outcomes) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert [bad.line for bad in refused(outcomes)] == [3, 4]
    assert "has 3 fields, the header 2" in refused(outcomes)[1].reason


def test_quotation_marks_that_do_not_match_cost_the_lines_they_span() -> None:
    outcomes = read(b'a,b\n1,2\n3,"4\n5,"6"\n7,8\n')
    assert taken(outcomes) == [{"a": "1", "b": "2"}, {"a": "7", "b": "8"}]
    (bad,) = refused(outcomes)
    assert (bad.line, bad.last_line) == (3, 4)
    assert "quotes = false" in bad.reason


def test_a_quotation_mark_never_closed_is_told() -> None:
    outcomes = read(b'a,b\n1,2\n3,"4\n5,6\n')
    assert taken(outcomes) == [{"a": "1", "b": "2"}]
    (bad,) = refused(outcomes)
    assert (bad.line, bad.last_line) == (3, 4)
    assert "never closed" in bad.reason


def test_what_stands_inside_a_quoted_field_is_never_taken_for_a_record() -> None:
    inside = b"evil,item\n" * 5_000
    outcomes = read(b'a,b\n1,"' + inside + b'"\n2,3\n', max_record=LIMIT)
    assert taken(outcomes) == [{"a": "2", "b": "3"}]


def test_old_line_ends_are_told() -> None:
    with pytest.raises(ImportProblem, match="carriage return"):
        read(b"a,b\r1,2\r3,4\r")


@given(data=st.binary(max_size=400), kind=st.sampled_from(["csv", "tsv", "jsonl", "json", None]))
def test_any_bytes_give_records_rejections_or_a_sentence(data: bytes, kind: str | None) -> None:
    with suppress(ImportProblem):
        assert all(isinstance(one, Record | Rejected) for one in read(data, format=kind, max_record=100))
