"""Handing jobs to whatever carries messages to workers, where the site has such a thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from seam.heartbeat import beats, forget_the_gone, name_of
from seam.registry import Served
from seam.rows import hand_out, take_back

if TYPE_CHECKING:
    from seam.models import Job as JobRow

# A message nobody acted upon for this long is taken for lost and sent again …
AGAIN_AFTER = timedelta(seconds=15)
# … unless the queue is this long: then it is only late, and a second one would make it later.
WINDOW = 100
# A worker is judged by a heartbeat it was given: several times, so that no lost message is taken for silence.
BEAT_AGAIN_AFTER = timedelta(seconds=5)


class Carrier(Protocol):
    """Carries jobs to workers, and may lose them: the rows are the truth."""

    def waiting(self, *, queue: str) -> int:
        """How many messages nobody has taken off the queue yet."""
        ...

    def send(self, *, queue: str, context: str, row_id: UUID, attempt: int, worker: str = "") -> None:
        """Bring a message to whichever worker of the queue takes it, or to that `worker` and no other."""
        ...

    def forget(self, *, worker: str) -> None:
        """Throw away what was sent to a worker that is gone."""
        ...

    def work(self, *, queues: Sequence[str], concurrency: int, worker: str) -> None:
        """Be that worker until SIGTERM, calling `seam.jobs.run_by_id` for each message."""
        ...


def carrier() -> Carrier | None:
    """The module that settings.JOB_CARRIER names; None where jobs run in the worker's own threads."""
    return cast(Carrier, import_module(settings.JOB_CARRIER)) if settings.JOB_CARRIER else None


def dispatch_once(served: Served, carrier: Carrier) -> int:
    """Send due jobs of a context, as many as the queue has room for, and heartbeats; how many were sent."""
    room = WINDOW - carrier.waiting(queue=served.queue)
    heartbeat = Q(name=name_of(served.name))
    sent = _send(served, carrier, beats(served), limit=WINDOW, again_after=BEAT_AGAIN_AFTER)
    return sent + _send(served, carrier, ~heartbeat, limit=room, again_after=AGAIN_AFTER)


def _send(served: Served, carrier: Carrier, among: Q, *, limit: int, again_after: timedelta) -> int:
    rows = hand_out(served.job_table, limit=limit, again_after=again_after, among=among)
    sent: list[JobRow] = []
    try:
        for row in rows:
            worker = row.key if row.name == name_of(served.name) else ""
            carrier.send(
                queue=served.queue,
                context=served.name,
                row_id=row.pk,
                attempt=row.attempts + 1,
                worker=worker,
            )
            sent.append(row)
    finally:
        if len(sent) < len(rows):
            take_back(served.job_table, rows[len(sent) :])
    return len(sent)


def forget_once(served: Served, carrier: Carrier | None) -> int:
    """Clear what was meant for workers that are gone; always 0, for there is nothing to come back to soon."""
    for worker in forget_the_gone(served):
        if carrier:
            carrier.forget(worker=worker)
    return 0
