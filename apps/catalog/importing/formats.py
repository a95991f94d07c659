"""Which reader reads the file: by what was asked for, else by how the file begins."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.catalog.importing.decompress import decompressed
from apps.catalog.importing.delimited import Dialect, read_delimited, sniff_delimiter
from apps.catalog.importing.encodings import as_utf8
from apps.catalog.importing.json_array import read_json_array
from apps.catalog.importing.json_lines import read_json_lines
from functions.catalog_import_chunk.records import MAX_RECORD_BYTES, ImportProblem, Outcome

FORMATS = ("csv", "tsv", "jsonl", "json")


@dataclass(frozen=True)
class FileOptions:
    """What is known of a file beforehand; None means: look at it."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quotes: bool = True
    max_record: int = MAX_RECORD_BYTES


def read_records(
    stream: io.BufferedReader, options: FileOptions, needed: Collection[str] = ()
) -> Iterator[Outcome]:
    """Every record of the stream, unpacked, decoded and numbered. Raises ImportProblem where it can't go on.

    `needed`: the columns a delimited file must have.
    """
    text = as_utf8(decompressed(stream), options.encoding)
    head = text.peek()
    if not head.strip():
        raise ImportProblem(_("There is nothing in the file."))
    kind = options.format or _sniff(head)
    if kind == "json":
        return read_json_array(text, options.max_record)
    if kind == "jsonl":
        return read_json_lines(text, options.max_record)
    delimiter = options.delimiter or ("\t" if kind == "tsv" else sniff_delimiter(head))
    return read_delimited(text, options.max_record, Dialect(delimiter, options.quotes), needed)


def _sniff(head: bytes) -> str:
    first, *others = head.strip().split(b"\n", 1)
    if first.startswith(b"["):
        return "json"
    if first.strip() == b"{" and others:
        raise ImportProblem(
            _(
                "The file holds a JSON object over several lines. "
                "Give one object a line, or a list: jq -c . file"
            )
        )
    return "jsonl" if first.startswith(b"{") else "csv"
