"""The import from end to end: records in, batches out, and a report of what became of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _

from apps.catalog.importing.mapped import MappedItem, item_of
from functions.catalog_import_chunk.records import ImportProblem, Outcome, Record, RecordProblem, Rejected

BATCH_SIZE = 1_000
# A batch is also full when its records were this large together, so memory stays bounded.
BATCH_BYTES = 4 * 1024 * 1024
# When none of so many records fitted, the mapping doesn't fit the file.
GIVE_UP_AFTER = 100


@dataclass
class Entry:
    """A record and the item it became."""

    record: Record
    item: MappedItem

    def rejected(self, reason: str) -> Rejected:
        return Rejected(self.record.line, reason, self.record.data)

    def again(self) -> Rejected:
        """Twice the same key would make one item of two records, and lose one of them unseen."""
        return self.rejected(
            _("The key “%(key)s” stood in an earlier record already.") % {"key": self.item.key}
        )


@dataclass
class Written:
    """What became of a batch: how many items, which records were refused, which items lack pictures, and how many."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    lacking: list[Rejected] = field(default_factory=list)
    left_out: int = 0


class Writer(Protocol):
    def write(self, batch: list[Entry]) -> Written:
        """Write a batch, all of it or nothing."""
        ...

    def finish(self) -> None:
        """Called once, after the last batch; not when somebody stopped the run."""
        ...


@dataclass
class Report:
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    left_out: int = 0


@dataclass
class Import:
    """One run. `mapper` gives what each record became; `on_rejected` hears of each that was not taken, `on_progress`
    after each batch.
    """

    mapper: Callable[[Iterable[Outcome]], Iterator[tuple[Outcome, dict[str, Any]]]]
    writer: Writer
    on_rejected: Callable[[Rejected], None]
    on_progress: Callable[[Report], None]
    batch_size: int = BATCH_SIZE
    report: Report = field(default_factory=Report)

    def run(self, outcomes: Iterable[Outcome], limit: int | None = None) -> Report:
        """Raises ImportProblem where the source can't go on; what came before it has been written then."""
        mapped = self._mapped(itertools.islice(outcomes, limit))
        ended: bool | ImportProblem = False
        while not ended:
            batch, ended = _next_batch(mapped, self.batch_size)
            self._write(batch)
        self.writer.finish()
        if isinstance(ended, ImportProblem):
            raise ended
        return self.report

    def _mapped(self, outcomes: Iterable[Outcome]) -> Iterator[Entry]:
        for outcome, plain in self.mapper(outcomes):
            self.report.read += 1
            if isinstance(outcome, Rejected):
                self._reject(outcome)
                continue
            try:
                item = _item(plain)
            except RecordProblem as problem:
                self._reject(Rejected(outcome.line, str(problem), outcome.data))
                continue
            yield Entry(outcome, item)

    def _reject(self, rejected: Rejected) -> None:
        self.report.rejected += 1
        self.on_rejected(rejected)
        if self.report.rejected == self.report.read == GIVE_UP_AFTER:
            raise ImportProblem(
                _("None of the first %(count)d records fits the mapping; the last one because: %(reason)s")
                % {"count": GIVE_UP_AFTER, "reason": rejected.reason}
            )

    def _write(self, batch: list[Entry]) -> None:
        if batch:
            written = self.writer.write(batch)
            self.report.created += written.created
            self.report.updated += written.updated
            self.report.unchanged += written.unchanged
            for rejected in written.rejected:
                self._reject(rejected)
            self.report.left_out += written.left_out
            for lacking in written.lacking:
                self.on_rejected(lacking)
        self.on_progress(self.report)


def _item(plain: dict[str, Any]) -> MappedItem:
    if "problem" in plain:
        raise RecordProblem(plain["problem"])
    return item_of(plain)


def _next_batch(entries: Iterator[Entry], most: int) -> tuple[list[Entry], bool | ImportProblem]:
    """The next batch, and whether it is the last one, or why."""
    batch: list[Entry] = []
    size = 0
    try:
        for entry in entries:
            batch.append(entry)
            size += entry.record.size
            if len(batch) >= most or size >= BATCH_BYTES:
                return batch, False
    except ImportProblem as problem:
        return batch, problem
    return batch, True
