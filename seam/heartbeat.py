"""Heartbeats: a small job that one worker alone is given, so that each proves for itself that it does its work."""

from __future__ import annotations

import logging
import mmap
import os
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import Error
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from seam.db import atomic
from seam.registry import Served
from seam.rows import Status

if TYPE_CHECKING:
    from seam.models import Job as JobRow

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
# A worker that left a heartbeat undone for so long is taken to be deaf; and so long a sign of life is believed.
LATE = timedelta(seconds=30)
# A due heartbeat is handed out at once, unless the relay or the broker is away.
NOT_HANDED_OUT = timedelta(seconds=5)
# Nobody asked for it again: its worker is gone.
FORGOTTEN = timedelta(seconds=90)

# When this worker last did something else than a heartbeat; seen by it and by every process it forks.
_worked = mmap.mmap(-1, struct.calcsize("d"))


def worked() -> None:
    """Note that a job of this worker was finished, or is being worked on."""
    _worked[:] = struct.pack("d", time.monotonic())


def seconds_since_work() -> float:
    return time.monotonic() - float(struct.unpack("d", _worked[:])[0])


def name_of(context: str) -> str:
    """The name of the heartbeat among the jobs of a context; the key of each is the worker's name."""
    return f"{context}.heartbeat"


def beats(served: Served) -> Q:
    """The heartbeats that somebody still waits for."""
    return Q(name=name_of(served.name), created_at__gt=timezone.now() - FORGOTTEN)


def for_worker(served: Served, worker: str) -> Q:
    """All jobs but the heartbeats of other workers."""
    return ~Q(name=name_of(served.name)) | Q(key=worker)


class Watch:
    """Gives one worker its heartbeats and judges by them whether it works.

    `carried`: the relay and a broker bring them. Then one that was not handed out is not the worker's fault, as
    nothing is while the database can't be asked, or while the worker does other jobs.
    """

    def __init__(self, worker: str, contexts: Sequence[Served], *, carried: bool) -> None:
        self._worker, self._contexts, self._carried = worker, contexts, carried
        self._silent_since: dict[str, float] = {}

    def look(self) -> list[str]:
        """A sentence for each context whose jobs this worker leaves undone."""
        return [sentence for served in self._contexts if (sentence := self._look_at(served))]

    def end(self) -> None:
        """Nobody waits for heartbeats of this worker any more."""
        for served in self._contexts:
            with suppress(Error), atomic(served.name, savepoint=False):
                self._row(served).delete()

    def _look_at(self, served: Served) -> str:
        try:
            fine = self._is_answered(served)
        except Error as error:
            log.warning("heartbeats of %s: %s", served.name, error)
            fine = True
        if fine:
            self._silent_since.pop(served.name, None)
            return ""
        silent = time.monotonic() - self._silent_since.setdefault(served.name, time.monotonic())
        if min(silent, seconds_since_work()) < LATE.total_seconds():
            return ""
        return (
            f"{served.name}'s jobs stand still for {silent:.0f} s: this worker does not answer a heartbeat."
        )

    def _is_answered(self, served: Served) -> bool:
        """Whether the worker did its last heartbeat, or could not have. Asks for the next when it is time."""
        now = timezone.now()
        row = self._row(served).first()
        if row is None or row.status != Status.WAITING:
            if row is None or now - row.due_at >= EVERY:
                self._ask(served, row)
            return True
        if now - row.created_at > FORGOTTEN / 2:
            with atomic(served.name, savepoint=False):
                self._row(served).update(created_at=now)
        return self._carried and now - row.due_at > NOT_HANDED_OUT

    def _ask(self, served: Served, row: JobRow | None) -> None:
        """One row per worker, used again and again."""
        now = timezone.now()
        with atomic(served.name, savepoint=False):
            if row is None:
                served.job_table._default_manager.create(name=name_of(served.name), key=self._worker)
            else:
                self._row(served).update(
                    status=Status.WAITING, created_at=now, due_at=now, attempts=0, lease_until=None
                )

    def _row(self, served: Served) -> QuerySet[JobRow]:
        return served.job_table._default_manager.filter(name=name_of(served.name), key=self._worker)


def silence(served: Served) -> timedelta | None:
    """Since when no worker at all has finished a heartbeat of a context; None when none is known that ever did."""
    rows = served.job_table._default_manager.filter(name=name_of(served.name))
    last = rows.aggregate(last=Max("done_at"))["last"]
    return last and timezone.now() - last


def forget_the_gone(served: Served) -> list[str]:
    """Delete the heartbeats of workers that no longer wait for them; whose they were."""
    gone = served.job_table._default_manager.filter(
        name=name_of(served.name), created_at__lt=timezone.now() - FORGOTTEN
    )
    workers = list(gone.values_list("key", flat=True))
    if workers:
        with atomic(served.name, savepoint=False):
            gone.filter(key__in=workers).delete()
    return workers


class SignOfLife:
    """A file that is touched while its process is known to work; `bin/healthy worker` looks at it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"worker-{os.getpid()}"

    def give(self) -> None:
        """Raises OSError where the folder can't be made or written."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch()

    def end(self) -> None:
        self._path.unlink(missing_ok=True)
