"""Records as bytes, in every format that the import reads, plain or compressed."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import zstandard

from apps.catalog.exporting.records import MARK, Column, Record, languages

ENDINGS = {"": "", "gzip": ".gz", "zstd": ".zst"}
# What is handed on at a time.
CHUNK = 64 * 1024
BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else; the import passes over it


def flat(columns: Sequence[Column]) -> list[str]:
    """The columns of a delimited file."""
    texts = [
        f"translations.{language}.{name}" for language in languages() for name in ("title", "description")
    ]
    head = ["key", "slug", "title", "description", *texts, "status", "published_at", "price", "currency"]
    return [*head, "categories", "pictures", *(f"attributes.{column.name}" for column in columns), "order"]


def lines(records: Iterable[Record], columns: Sequence[Column]) -> Iterator[str]:
    for record in records:
        yield json.dumps(record, ensure_ascii=False) + "\n"


def array(records: Iterable[Record], columns: Sequence[Column]) -> Iterator[str]:
    mark = "[\n"
    for line in lines(records, columns):
        yield mark + line.rstrip("\n")
        mark = ",\n"
    yield "\n]\n" if mark == ",\n" else "[]\n"


def comma_separated(records: Iterable[Record], columns: Sequence[Column]) -> Iterator[str]:
    yield BOM
    yield from _delimited(records, columns, ",")


def tab_separated(records: Iterable[Record], columns: Sequence[Column]) -> Iterator[str]:
    return _delimited(records, columns, "\t")


def _delimited(records: Iterable[Record], columns: Sequence[Column], delimiter: str) -> Iterator[str]:
    names = flat(columns)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow(_flat(record, names))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _flat(record: Record, names: Sequence[str]) -> dict[str, str]:
    row: dict[str, str] = {}
    for name in names:
        value: Any = record
        for step in name.split("."):
            value = value[step]
        row[name] = MARK.join(value) if isinstance(value, list) else value
    return row


FORMATS: dict[str, Callable[[Iterable[Record], Sequence[Column]], Iterator[str]]] = {
    "csv": comma_separated,
    "tsv": tab_separated,
    "jsonl": lines,
    "json": array,
}


def written(
    format_: str, records: Iterable[Record], columns: Sequence[Column], compression: str = ""
) -> Iterator[bytes]:
    """The file, in pieces of about CHUNK bytes before compression. `compression`: one of ENDINGS."""
    pieces = _gathered(FORMATS[format_](records, columns))
    if not compression:
        yield from pieces
        return
    compressor = (
        zlib.compressobj(wbits=31) if compression == "gzip" else zstandard.ZstdCompressor().compressobj()
    )
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _gathered(texts: Iterable[str]) -> Iterator[bytes]:
    held, size = [], 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()
