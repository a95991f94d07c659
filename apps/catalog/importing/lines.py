"""The lines of a stream with their numbers; of a line longer than the limit only the beginning is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from apps.catalog.importing.streams import CHUNK


class Line(NamedTuple):
    """`size` in bytes. `whole` is False when `data` is only the beginning; `quotes` counts all of its \"."""

    number: int
    data: bytes
    size: int
    whole: bool
    quotes: int


def read_lines(stream: io.BufferedReader, limit: int) -> Iterator[Line]:
    number = 0
    while data := stream.readline(limit + 1):
        number += 1
        quotes = data.count(b'"')
        if len(data) <= limit:
            yield Line(number, data, len(data), True, quotes)
        else:
            size, more = _skip_rest(stream, data)
            yield Line(number, data[:CHUNK], len(data) + size, False, quotes + more)


def _skip_rest(stream: io.BufferedReader, data: bytes) -> tuple[int, int]:
    size = quotes = 0
    while data and not data.endswith(b"\n"):
        data = stream.readline(CHUNK)
        size += len(data)
        quotes += data.count(b'"')
    return size, quotes
