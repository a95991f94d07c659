"""`publish`, and handing what was published to those who subscribed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from seam.contract import context_of, event_name
from seam.db import TransactionMisuse, atomic, open_transaction
from seam.jobs import job_row
from seam.plain import from_plain, to_plain
from seam.registry import Served, registry
from seam.request import current_request_id
from seam.rows import claim, fail, finish, park

if TYPE_CHECKING:
    from seam.models import OutboxEvent

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 50


def publish(event: Any) -> None:
    """Write an event to the outbox of the context that says it, in the transaction of the fact.

    Raises TransactionMisuse outside `atomic` of that context.
    """
    publish_many([event])


def publish_many(events: list[Any]) -> None:
    """Publish events of one context with one statement per thousand."""
    if not events:
        return
    context = context_of(event_name(type(events[0])))
    if open_transaction() != context:
        raise TransactionMisuse(
            f"{event_name(type(events[0]))} must be published inside atomic({context!r}), with the fact it tells."
        )
    table = registry[context].outbox
    table._default_manager.bulk_create([_outbox_row(table, event) for event in events], batch_size=1000)


def _outbox_row(table: type[OutboxEvent], event: Any) -> OutboxEvent:
    return table(name=event_name(type(event)), data=to_plain(event), request_id=current_request_id())


def relay_once(served: Served, *, limit: int = 100) -> int:
    """Hand one batch of a context's events to their subscribers; how many events were claimed."""
    rows = claim(served.name, served.outbox, limit=limit, lease=LEASE)
    for row in rows:
        try:
            _deliver(served, row)
        except Exception as error:  # one bad event must not stop the others
            log.warning("event %s not delivered: %s", row, error)
            fail(row, error, max_attempts=MAX_ATTEMPTS)
    return len(rows)


def _deliver(said_by: Served, row: OutboxEvent) -> None:
    cls = registry.event_class(row.name)
    if cls is None:
        park(row, f"No contract here declares {row.name}.")
        return
    from_plain(cls, row.data)  # an event nobody could read is parked here, not at every subscriber
    for served, job in registry.subscribers(cls):
        store(served, job.name, row)
    finish(row)


def store(served: Served, job: str, row: OutboxEvent) -> None:
    """Keep an event as a job of the receiver; the same event twice is kept once."""
    received = job_row(served, job, row.data, key=str(row.pk), request_id=row.request_id)
    with atomic(served.name):
        served.job_table._default_manager.bulk_create([received], ignore_conflicts=True)


def envelope(context: str, row: OutboxEvent) -> dict[str, Any]:
    """The event as CloudEvents 1.0, for whoever is not in this process."""
    return {
        "specversion": "1.0",
        "id": str(row.pk),
        "source": f"/{context}",
        "type": row.name,
        "time": row.created_at.isoformat(),
        "datacontenttype": "application/json",
        "data": row.data,
    }
