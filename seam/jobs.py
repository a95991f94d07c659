"""`enqueue`, and running what a context has to do: once, with retries, visible when it fails for good."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from seam import heartbeat
from seam.contract import context_of, event_name
from seam.db import TransactionMisuse, atomic, open_transaction
from seam.functions import Function
from seam.registry import Served, registry
from seam.request import current_request_id, request_id
from seam.rows import claim, fail, finish, park, renewing, take

if TYPE_CHECKING:
    from seam.models import Job as JobRow

log = logging.getLogger(__name__)

NAME_LENGTH = KEY_LENGTH = 100
# While a new version is rolled out its jobs reach workers of the old one, so they wait; after half an hour it is
# no roll-out but a mistake.
UNKNOWN_ATTEMPTS = 12


class UnknownJob(LookupError):
    """A job that this version of its context does not know."""


@dataclass(frozen=True)
class Job:
    """What to do about an event (`hears` is its class) or a job of one's own.

    `work(data) -> result` is the slow part: it runs outside any transaction. `effect(data, result)` runs in the
    transaction that marks the row done, so it happens once; keep it short. `data` is the event, or the dict given
    to `enqueue`; `result` is None without `work`. `function` stands in place of `work` that needs no database: it may
    be done elsewhere. `time_limit` in seconds is longer than the work ever takes: after it another worker may begin it
    again.
    """

    name: str
    effect: Callable[[Any, Any], None]
    work: Callable[[Any], Any] | None = None
    function: Function | None = None
    max_attempts: int = 8
    time_limit: int = 600
    hears: type | None = None

    def __post_init__(self) -> None:
        if self.work and self.function:
            raise ValueError(f"{self.name} can have `work` or a `function`, not both.")

    def do(self, data: Any, subject: str) -> Any:
        """The slow part; `subject` says which row asks."""
        if self.function:
            return self.function(data, subject=subject, seconds=self.time_limit)
        return self.work(data) if self.work else None

    def decode(self, data: dict[str, Any]) -> Any:
        return (
            self.hears(**registry.event_codec(event_name(self.hears)).from_json(data)) if self.hears else data
        )


def by_name(context: str, jobs: Iterable[Job]) -> dict[str, Job]:
    """The jobs of a context by name, and its heartbeat.

    Raises ValueError for a name that is another's, taken or too long for a row.
    """
    found: dict[str, Job] = {}
    for job in (*jobs, Job(heartbeat.name_of(context), effect=lambda data, result: None)):
        if context_of(job.name) != context or job.name in found or len(job.name) > NAME_LENGTH:
            raise ValueError(
                f"{context!r} can't have a job called {job.name!r}: names begin with '{context}.', are given once and "
                f"have at most {NAME_LENGTH} characters."
            )
        found[job.name] = job
    return found


def enqueue(
    name: str, data: dict[str, Any], *, key: str | None = None, due_at: datetime | None = None
) -> None:
    """Note a job of one's own in the transaction of the fact that asks for it.

    `data` must be JSON values. A second job of the same name and `key` (up to 100 characters) is ignored as long as
    the first is kept: until 30 days after it was done.
    Raises TransactionMisuse outside `atomic` of its context, LookupError for a name nobody wired, ValueError or
    TypeError for a key or data that no row can hold.
    """
    context = context_of(name)
    if open_transaction() != context:
        raise TransactionMisuse(f"{name} must be enqueued inside atomic({context!r}).")
    served = registry[context]
    if name not in served.jobs:
        raise LookupError(f"{context!r} has no job called {name!r}; see apps/{context}/tasks.py.")
    if key is not None and not 0 < len(key) <= KEY_LENGTH:
        raise ValueError(f"The key of {name} has {len(key)} characters; it must have 1 to {KEY_LENGTH}.")
    json.dumps(data, allow_nan=False)
    row = job_row(served, name, data, key=key, due_at=due_at)
    store(served, [row], ignore_known=key is not None)


def job_row(
    served: Served,
    name: str,
    data: dict[str, Any],
    *,
    key: str | None = None,
    due_at: datetime | None = None,
    request_id: str | None = None,
) -> JobRow:
    return served.job_table(
        name=name,
        data=data,
        key=key or str(uuid.uuid4()),
        due_at=due_at or timezone.now(),
        request_id=current_request_id() if request_id is None else request_id,
    )


def store(served: Served, rows: list[JobRow], *, ignore_known: bool) -> None:
    """Keep jobs; where asked, those whose name and key are known already are ignored.

    MySQL then ignores *any* reason not to insert, so everything was checked before.
    """
    with atomic(served.name, savepoint=False):
        served.job_table._default_manager.bulk_create(rows, ignore_conflicts=ignore_known, batch_size=500)


def run_due(served: Served, *, limit: int = 1, worker: str = "") -> int:
    """Claim and run up to `limit` due jobs of a context here and now; how many were claimed.

    `worker` is the name of who asks, for the heartbeats that are meant for it.
    """
    rows = claim(served.job_table, limit=limit, among=heartbeat.for_worker(served, worker))
    for row in rows:
        run(served, row)
    return len(rows)


def run_by_id(context: str, row_id: uuid.UUID, attempt: int) -> None:
    """What a carrier of messages calls: that attempt of that job, unless somebody has begun it."""
    served = registry[context]
    row = take(served.job_table, row_id, attempt=attempt)
    if row is not None:
        run(served, row)


def run(served: Served, row: JobRow) -> None:
    """Run one leased job: the work, then its effect and the mark in one transaction."""
    job = served.jobs.get(row.name)
    if job is not None and row.attempts > job.max_attempts:
        park(
            row, f"Begun {row.attempts - 1} times and never finished; its worker may have been killed by it."
        )
        return
    with request_id(row.request_id):
        try:
            if job is None:
                raise UnknownJob(f"This version of {served.name} knows no job {row.name!r}.")
            _work_and_effect(served, job, row)
        except Exception as error:  # whatever a job raises becomes a retry, never the worker's end
            log.exception("job %s failed, attempt %s", row, row.attempts)
            fail(row, error, max_attempts=job.max_attempts if job else UNKNOWN_ATTEMPTS)
    if row.name != heartbeat.name_of(served.name):
        heartbeat.worked()


def _work_and_effect(served: Served, job: Job, row: JobRow) -> None:
    data = job.decode(row.data)
    result = None
    if job.work or job.function:
        with renewing(row, at_most=job.time_limit, renewed=heartbeat.worked):
            result = job.do(data, str(row))
    with atomic(served.name):
        # Marking first locks the row, so nobody else begins it while the effect runs.
        if finish(row):
            job.effect(data, result)
        else:
            log.warning("job %s was taken over; its late result is dropped", row)
