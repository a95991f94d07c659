"""`enqueue`, and running what a context has to do: once, with retries, visible when it fails for good."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from seam.contract import context_of
from seam.db import TransactionMisuse, atomic, open_transaction
from seam.plain import from_plain
from seam.registry import Served, registry
from seam.request import current_request_id, request_id
from seam.rows import claim, fail, finish, park, take

if TYPE_CHECKING:
    from seam.models import Job as JobRow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What to do about an event (`hears` is its class) or a job of one's own.

    `data` is the event, or the dict that was given to `enqueue`. `work(data) -> result` is the slow part: it runs outside any transaction and touches no database.
    `effect(data, result)` runs in the transaction that marks the row done, so it happens once.
    `function` names the folder under functions/ that can do `work` elsewhere.
    `lease` in seconds: longer than `work` ever takes.
    """

    name: str
    effect: Callable[[Any, Any], None]
    work: Callable[[Any], Any] | None = None
    function: str | None = None
    max_attempts: int = 8
    lease: int = 60
    hears: type | None = None

    def decode(self, data: dict[str, Any]) -> Any:
        return from_plain(self.hears, data) if self.hears else data


def enqueue(name: str, data: dict[str, Any], *, key: str | None = None, due_at: datetime | None = None) -> None:
    """Note a job of one's own in the transaction of the fact that asks for it.

    `data` must be JSON values. A second job of the same name and `key` is ignored.
    Raises TransactionMisuse outside `atomic` of its context, LookupError for a name nobody wired.
    """
    context = context_of(name)
    if open_transaction() != context:
        raise TransactionMisuse(f"{name} must be enqueued inside atomic({context!r}).")
    served = registry[context]
    if name not in served.jobs:
        raise LookupError(f"{context!r} has no job called {name!r}; see apps/{context}/tasks.py.")
    row = job_row(served, name, data, key=key, due_at=due_at)
    served.job_table._default_manager.bulk_create([row], ignore_conflicts=key is not None)


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


def run_due(served: Served, *, limit: int = 1) -> int:
    """Claim and run up to `limit` due jobs of a context here and now; how many were claimed."""
    rows = claim(served.name, served.job_table, limit=limit, lease=_longest_lease(served))
    for row in rows:
        run(served, row)
    return len(rows)


def run_by_id(context: str, row_id: uuid.UUID) -> None:
    """What a carrier of messages calls: run that job unless it is done or in somebody's hands."""
    served = registry[context]
    row = take(context, served.job_table, row_id, lease=_longest_lease(served))
    if row is not None:
        run(served, row)


def run(served: Served, row: JobRow) -> None:
    """Run one leased job: the work, then its effect and the mark in one transaction."""
    job = served.jobs.get(row.name)
    if job is None:
        park(row, f"This version of {served.name} knows no job {row.name}.")
        return
    if row.attempts > job.max_attempts:
        park(row, f"Begun {row.attempts - 1} times and never finished; its worker may have been killed by it.")
        return
    with request_id(row.request_id):
        try:
            _work_and_effect(served, job, row)
        except Exception as error:  # whatever a job raises becomes a retry, never the worker's end
            log.exception("job %s failed, attempt %s of %s", row, row.attempts, job.max_attempts)
            fail(row, error, max_attempts=job.max_attempts)


def _work_and_effect(served: Served, job: Job, row: JobRow) -> None:
    data = job.decode(row.data)
    result = job.work(data) if job.work else None
    with atomic(served.name):
        if finish(row):
            job.effect(data, result)
        else:
            log.warning("job %s was taken over; its late result is dropped", row)


def _longest_lease(served: Served) -> timedelta:
    # A batch may mix jobs, so the longest of their leases serves all of them.
    return timedelta(seconds=max((job.lease for job in served.jobs.values()), default=60))
