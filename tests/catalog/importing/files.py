"""The same few records in every format and compression, and reading them back."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable

import zstandard

from apps.catalog.importing.formats import FileOptions, read_records
from apps.catalog.importing.streams import stream_of
from functions.catalog_import_chunk.records import Outcome, Record, Rejected

ROWS = [
    {"key": "A1", "title": "Río, “blue”\nin two lines", "price": "12.50"},
    {"key": "A2", "title": 'A "quoted", thing', "price": ""},
    {"key": "A3", "title": "日本 🎨", "price": "7"},
]


def delimited(
    rows: list[dict], delimiter: str, line_end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL
) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, list(rows[0]), delimiter=delimiter, lineterminator=line_end, quoting=quoting
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def json_lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


FORMATS: dict[str, Callable[[list[dict]], bytes]] = {
    "csv": lambda rows: delimited(rows, ","),
    "csv with semicolons": lambda rows: delimited(rows, ";", "\n"),
    "tsv": lambda rows: delimited(rows, "\t"),
    "jsonl": json_lines,
    "json": lambda rows: json.dumps(rows, indent=2).encode(),
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "gzip in two members": lambda data: gzip.compress(data[:40]) + gzip.compress(data[40:]),
    "zstd": zstandard.compress,
    "zstd in two frames": lambda data: zstandard.compress(data[:40]) + zstandard.compress(data[40:]),
}


def read(data: bytes | Iterable[bytes], needed: tuple[str, ...] = (), **options: object) -> list[Outcome]:
    pieces = [data] if isinstance(data, bytes) else data
    return list(read_records(stream_of(iter(pieces)), FileOptions(**options), needed))  # type: ignore[arg-type]


def taken(outcomes: list[Outcome]) -> list[dict]:
    return [one.data for one in outcomes if isinstance(one, Record)]


def refused(outcomes: list[Outcome]) -> list[Rejected]:
    return [one for one in outcomes if isinstance(one, Rejected)]
