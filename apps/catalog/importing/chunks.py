"""Records to plain values by functions/catalog_import_chunk, a chunk at a time and in their order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from functions.catalog_import_chunk.handler import handle
from functions.catalog_import_chunk.records import ImportProblem, Outcome, Record
from functions.catalog_import_chunk.rules import Mapping, as_table
from seam import Function
from seam.functions import FunctionFailed, TooLarge

# What one message takes with it; as JSON it may become three times as long.
RECORDS, BYTES = 200, 256 * 1024
# Chunks that are under way at a time where the function is elsewhere, and how often one is sent before we give up.
AT_ONCE, ATTEMPTS = 4, 4
SECONDS = 60

Mapped = tuple[Outcome, dict[str, Any]]


class Chunks:
    """Call it with what the reader gave; `skipped` counts values left out because of `invalid = "skip"`."""

    def __init__(self, mapping: Mapping) -> None:
        self._table = as_table(replace(mapping, tree=[]))  # which no record needs
        self._function = Function("catalog_import_chunk", handle)
        self.skipped: dict[str, int] = {}

    def __call__(self, outcomes: Iterable[Outcome]) -> Iterator[Mapped]:
        """Each outcome with what its record became; {} for those that are no records.

        Raises ImportProblem where the reader does, after all that came before, and where the function can't be had.
        """
        chunks = _chunks(outcomes)
        answered = self._side_by_side(chunks) if self._function.is_elsewhere else map(self._asked, chunks)
        for chunk, result in answered:
            for name, count in result["skipped"].items():
                self.skipped[name] = self.skipped.get(name, 0) + count
            items = iter(result["items"])
            for outcome in chunk:
                yield outcome, next(items) if isinstance(outcome, Record) else {}

    def _side_by_side(
        self, chunks: Iterator[list[Outcome]]
    ) -> Iterator[tuple[list[Outcome], dict[str, Any]]]:
        waiting: deque[Future[tuple[list[Outcome], dict[str, Any]]]] = deque()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for chunk in chunks:
                    waiting.append(pool.submit(self._asked, chunk))
                    if len(waiting) >= AT_ONCE:
                        yield waiting.popleft().result()
            except ImportProblem:  # of the reader: what came before it is written first
                yield from (future.result() for future in waiting)
                raise
            yield from (future.result() for future in waiting)

    def _asked(self, chunk: list[Outcome]) -> tuple[list[Outcome], dict[str, Any]]:
        records = [outcome.data for outcome in chunk if isinstance(outcome, Record)]
        return chunk, self._map({"mapping": self._table, "records": records}, f"line {chunk[0].line}")

    def _map(self, data: dict[str, Any], where: str) -> dict[str, Any]:
        for attempt in range(ATTEMPTS):
            try:
                return self._function(data, subject=f"import_catalog {where}", seconds=SECONDS)
            except TooLarge:
                return handle(data, None)
            except FunctionFailed as failed:
                if attempt == ATTEMPTS - 1:
                    raise ImportProblem(
                        _("%(reason)s What was written stays. Run the same command again to go on.")
                        % {"reason": failed}
                    ) from failed
            time.sleep(2**attempt)
        raise AssertionError("unreachable")


def _chunks(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    chunk: list[Outcome] = []
    size = 0
    try:
        for outcome in outcomes:
            chunk.append(outcome)
            size += outcome.size if isinstance(outcome, Record) else 0
            if len(chunk) >= RECORDS or size >= BYTES:
                yield chunk
                chunk, size = [], 0
    except ImportProblem:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
