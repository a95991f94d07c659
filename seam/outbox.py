"""`publish`, and handing what was published to those who subscribed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from seam.contract import context_of, event_name, fields_of
from seam.db import TransactionMisuse, open_transaction
from seam.jobs import job_row, store
from seam.registry import Served, registry
from seam.request import current_request_id
from seam.rows import claim, fail, finish, release

if TYPE_CHECKING:
    from seam.models import OutboxEvent

log = logging.getLogger(__name__)

# With the back-off of rows.py: a subscriber may be away for about seven hours before its events are parked.
MAX_ATTEMPTS = 50


def publish(event: Any) -> None:
    """Write an event to the outbox of the context that says it, in the transaction of the fact.

    Raises TransactionMisuse outside `atomic` of that context, InvalidMessage for values its message can't hold.
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
    name = event_name(type(event))
    values = {field.name: getattr(event, field.name) for field in fields_of(type(event))}
    data = registry.event_codec(name).to_json(values)
    return table(name=name, data=data, request_id=current_request_id())


def relay_once(served: Served, *, limit: int = 100, stopped: Callable[[], bool] = lambda: False) -> int:
    """Hand one batch of a context's events to their subscribers; how many events were claimed."""
    rows = claim(served.outbox, limit=limit)
    for name, same in groupby(sorted(rows, key=attrgetter("name")), key=attrgetter("name")):
        if stopped():
            release(*same)
        else:
            _deliver(name, list(same))
    return len(rows)


def _deliver(name: str, rows: list[OutboxEvent]) -> None:
    try:
        _hand_over(name, rows)
    except Exception as error:
        if len(rows) > 1 and not isinstance(error, OperationalError):
            for row in rows:  # one bad event must not stop the others
                _deliver(name, [row])
            return
        log.warning("%s events %s not delivered: %s", len(rows), name, error)
        for row in rows:
            fail(row, error, max_attempts=MAX_ATTEMPTS)


def _hand_over(name: str, rows: list[OutboxEvent]) -> None:
    codec = registry.event_codec(name)
    for row in rows:
        codec.from_json(row.data)  # an event nobody can read is parked here, not at every subscriber
    for served, job in registry.subscribers(name):
        jobs = [
            job_row(served, job.name, row.data, key=str(row.pk), request_id=row.request_id) for row in rows
        ]
        store(served, jobs, ignore_known=True)
    finish(*rows)
