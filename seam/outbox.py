"""`publish`, and handing what was published to those who subscribed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import OperationalError

from seam.contract import context_of, event_name, fields_of
from seam.db import TransactionMisuse, open_transaction
from seam.events import Event, Refusal
from seam.inbox import keep
from seam.registry import Served, registry
from seam.request import budget, current_request_id
from seam.rows import claim, fail, finish, release
from seam.wire import Unavailable

if TYPE_CHECKING:
    from seam.models import OutboxEvent

log = logging.getLogger(__name__)

# With the back-off of rows.py: an event that somebody can't take is tried for about seven hours, then parked.
MAX_ATTEMPTS = 50
# Whoever is away may stay so for about a day, and hears what was said half a minute after coming back.
AWAY_BACKOFF = timedelta(seconds=30)
AWAY_ATTEMPTS = 2500
AWAY = (OperationalError, Unavailable)
# Longer than storing a batch ever takes.
DELIVERY_SECONDS = 5.0


class EventRefused(ValueError):
    """Somebody else can't read an event."""


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
    except AWAY as error:
        # Somebody is away, which says nothing of the events: however many there are, they wait for them.
        _fail(name, rows, error, max_attempts=AWAY_ATTEMPTS, longest=AWAY_BACKOFF)
    except Exception as error:
        if len(rows) > 1:
            for row in rows:  # one bad event must not stop the others
                _deliver(name, [row])
        else:
            _fail(name, rows, error, max_attempts=MAX_ATTEMPTS)


def _fail(name: str, rows: list[OutboxEvent], error: Exception, **how: Any) -> None:
    log.warning("%s events %s not delivered: %s", len(rows), name, error)
    for row in rows:
        fail(row, error, **how)


def _hand_over(name: str, rows: list[OutboxEvent]) -> None:
    codec = registry.event_codec(name)
    for row in rows:
        codec.from_json(row.data)  # an event nobody can read is parked here, not at every subscriber
    refused = _tell_everybody(name, [_event(row) for row in rows])
    for row in rows:
        if row.pk in refused:
            _fail(name, [row], EventRefused(refused[row.pk]), max_attempts=MAX_ATTEMPTS)
    if told := [row for row in rows if row.pk not in refused]:
        finish(*told)


def _tell_everybody(name: str, events: list[Event]) -> dict[UUID, str]:
    """Hand events to those here and to every other process; those that one of them refuses, and why.

    Raises what went wrong only after all were tried: whoever is away keeps nobody else from hearing.
    """
    refused: dict[UUID, str] = {}
    failures: list[Exception] = []
    others = [partial(receiver.deliver, events=events) for receiver in registry.receivers.values()]
    everybody: list[Callable[[], list[Refusal]]] = [partial(keep, name, events), *others]
    for tell in everybody:
        try:
            with budget(DELIVERY_SECONDS):
                refused |= {refusal.id: refusal.reason for refusal in tell()}
        except Exception as failure:
            failures.append(failure)
    # First what may be the events' own fault: then they are tried one by one.
    for first in sorted(failures, key=lambda failure: isinstance(failure, AWAY)):
        raise first
    return refused


def _event(row: OutboxEvent) -> Event:
    return Event(
        id=row.pk,
        source=context_of(row.name),
        type=row.name,
        time=row.created_at,
        data=json.dumps(row.data),
        requestid=row.request_id,
    )
