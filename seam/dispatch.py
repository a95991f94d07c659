"""Handing jobs to whatever carries messages to workers, where the site has such a thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings

from seam.registry import Served
from seam.rows import hand_out

# A message nobody acted upon for this long is taken for lost and sent again …
AGAIN_AFTER = timedelta(seconds=15)
# … unless the queue is this long: then it is only late, and a second one would make it later.
WINDOW = 100


class Carrier(Protocol):
    """Carries jobs to workers, and may lose them: the rows are the truth."""

    def waiting(self, *, queue: str) -> int:
        """How many messages nobody has taken off the queue yet."""
        ...

    def send(self, *, queue: str, context: str, row_id: UUID, attempt: int) -> None: ...

    def work(self, *, queues: Sequence[str], concurrency: int) -> None:
        """Be a worker of these queues until SIGTERM, calling `seam.jobs.run_by_id` for each message."""
        ...


def carrier() -> Carrier | None:
    """The module that settings.JOB_CARRIER names; None where jobs run in the worker's own threads."""
    return cast(Carrier, import_module(settings.JOB_CARRIER)) if settings.JOB_CARRIER else None


def dispatch_once(served: Served, carrier: Carrier) -> int:
    """Send due jobs of a context, as many as the queue has room for; how many were sent."""
    room = WINDOW - carrier.waiting(queue=served.queue)
    handed_out = hand_out(served.job_table, limit=room, again_after=AGAIN_AFTER)
    for row_id, attempt in handed_out:
        carrier.send(queue=served.queue, context=served.name, row_id=row_id, attempt=attempt)
    return len(handed_out)
