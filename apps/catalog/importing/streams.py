"""Bytes that arrive in pieces as one buffered stream whose head can be looked at."""

from __future__ import annotations

import io
from collections.abc import Iterator

from functions.catalog_import_chunk.records import ImportProblem

CHUNK = 64 * 1024


class _Pieces(io.RawIOBase):
    """A raw stream over an iterator. A problem is raised only after what came before it was read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._problem: ImportProblem | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        filled = 0
        while filled < len(target) and self._have_some():
            count = min(len(target) - filled, len(self._rest))
            target[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
        if not filled and self._problem:
            raise self._problem
        return filled

    def _have_some(self) -> bool:
        while not self._rest and self._problem is None:
            try:
                self._rest = memoryview(next(self._pieces))
            except StopIteration:
                return False
            except ImportProblem as problem:
                self._problem = problem
        return bool(self._rest)


def stream_of(pieces: Iterator[bytes]) -> io.BufferedReader:
    """A stream whose `peek()` shows the first 64 KiB, or all there is when that is less."""
    return io.BufferedReader(_Pieces(pieces), CHUNK)
