"""Claiming, finishing, backing off and parking rows; the same for events and jobs.

A row is due when it waits, its time has come and nobody holds it. Whoever works on it holds a lease, a short one
that is renewed while the work goes on, so the rows of a killed process are free again soon.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections
from django.db.models import F, Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from seam.db import atomic
from seam.registry import registry

if TYPE_CHECKING:  # models can't be imported before Django's app registry is ready
    from seam.models import Row

R = TypeVar("R", bound="Row")

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
MAX_BACKOFF = timedelta(minutes=10)
ERROR_LENGTH = 4000
PURGE_BATCH = 500
ALL = Q()


class Status(TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    PARKED = "parked", _("parked")


def claim(table: type[R], *, limit: int, among: Q = ALL) -> list[R]:
    """Lease up to `limit` due rows, oldest first. The locks are gone when this returns; the lease stays."""
    due = _due(table).filter(among)
    # Looking first costs no lock; most looks find nothing.
    if not due.exists():
        return []
    with _transaction(table):
        return _leased(table, list(due.select_for_update(skip_locked=True).order_by("due_at")[:limit]))


def take(table: type[R], row_id: uuid.UUID, *, attempt: int) -> R | None:
    """Lease one row for its attempt of that number; None when it is done, parked, further or in other hands."""
    waiting = table._default_manager.filter(_free(timezone.now()), status=Status.WAITING)
    with _transaction(table):
        rows = list(waiting.select_for_update(skip_locked=True).filter(pk=row_id, attempts=attempt - 1))
        return next(iter(_leased(table, rows)), None)


def hand_out(table: type[R], *, limit: int, again_after: timedelta, among: Q = ALL) -> list[R]:
    """Up to `limit` due rows, for whoever carries them to a worker that will `take` their next attempt.

    They are due again after that time, in case what carried them lost them.
    """
    due = _due(table).filter(among)
    if limit <= 0 or not due.exists():
        return []
    with _transaction(table):
        rows = list(due.select_for_update(skip_locked=True).order_by("due_at")[:limit])
        _these(table, rows).update(due_at=timezone.now() + again_after)
    return rows


def take_back(table: type[R], rows: list[R]) -> None:
    """Rows that were handed out and not carried anywhere are as due as they were."""
    with _transaction(table):
        for row in rows:
            _these(table, [row]).filter(attempts=row.attempts, lease_until=row.lease_until).update(
                due_at=row.due_at
            )


def _due(table: type[R]) -> QuerySet[R]:
    now = timezone.now()
    return table._default_manager.filter(_free(now), status=Status.WAITING, due_at__lte=now)


def _free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _these(table: type[R], rows: list[R]) -> QuerySet[R]:
    return table._default_manager.filter(pk__in=[row.pk for row in rows])


def _transaction(table: type[Row]) -> AbstractContextManager[None]:
    return atomic(registry.context_of_label(table._meta.app_label), savepoint=False)


def _leased(table: type[R], rows: list[R]) -> list[R]:
    token, until = uuid.uuid4(), timezone.now() + LEASE
    if rows:
        _these(table, rows).update(
            lease_token=token, lease_until=until, due_at=until, attempts=F("attempts") + 1
        )
    for row in rows:
        row.lease_token, row.attempts = token, row.attempts + 1
    return rows


@contextmanager
def renewing(row: Row, *, at_most: float, renewed: Callable[[], None]) -> Iterator[None]:
    """Renew the lease while the block runs, for `at_most` seconds: what takes longer is taken to hang.

    `renewed` is called each time.
    """
    over = threading.Event()

    def renew() -> None:
        ends = time.monotonic() + at_most
        while not over.wait(LEASE.total_seconds() / 3) and time.monotonic() < ends:
            until = timezone.now() + LEASE
            try:
                _update_held([row], lease_until=until, due_at=until)
                renewed()
            except (
                Exception
            ):  # a database away: the next renewal may succeed, and the lease covers two misses
                log.warning("the lease of %s could not be renewed", row, exc_info=True)
        connections.close_all()

    thread = threading.Thread(target=renew, name=f"renew-{row.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def finish(*rows: Row) -> bool:
    """Mark rows of one claim done; False when the lease of one went to somebody else meanwhile.

    Where it stands beside an effect, call it first and in the effect's transaction.
    """
    now = timezone.now()
    changed = _update_held(rows, status=Status.DONE, done_at=now, due_at=now, lease_until=None, last_error="")
    return changed == len(rows)


def fail(row: Row, error: BaseException, *, max_attempts: int, longest: timedelta = MAX_BACKOFF) -> None:
    """Back off, for `longest` at most, or park when the attempts are used up."""
    _update_held(
        [row],
        status=Status.PARKED if row.attempts >= max_attempts else Status.WAITING,
        due_at=timezone.now() + backoff(row.attempts, longest),
        lease_until=None,
        last_error="".join(traceback.format_exception(error))[-ERROR_LENGTH:],
    )


def park(row: Row, reason: str) -> None:
    """Set aside for a person to look at."""
    _update_held([row], status=Status.PARKED, lease_until=None, last_error=reason)


def release(*rows: Row) -> None:
    """Give back rows of one claim that were not begun."""
    _update_held(rows, due_at=timezone.now(), lease_until=None, attempts=F("attempts") - 1)


def _update_held(rows: Sequence[Row], **changes: Any) -> int:
    """Change those rows of one claim whose lease is still ours; how many that were."""
    table = type(rows[0])
    held = table._default_manager.filter(
        pk__in=[row.pk for row in rows],
        status=Status.WAITING,
        lease_token=rows[0].lease_token,
        lease_until__isnull=False,
    )
    with _transaction(table):
        return held.update(**changes)


def parked(table: type[R], ids: list[uuid.UUID] | None = None) -> QuerySet[R]:
    """What was set aside, all of it or that of `ids`."""
    found = table._default_manager.filter(status=Status.PARKED)
    return found if ids is None else found.filter(pk__in=ids)


def failing(table: type[R]) -> QuerySet[R]:
    """What went wrong and will be tried again by itself."""
    return table._default_manager.filter(status=Status.WAITING, attempts__gt=0).exclude(last_error="")


def retry(table: type[Row], ids: list[uuid.UUID] | None = None) -> int:
    """Set parked rows waiting again; how many there were."""
    with _transaction(table):
        return parked(table, ids).update(
            status=Status.WAITING, due_at=timezone.now(), lease_until=None, attempts=0
        )


def discard(table: type[Row], ids: list[uuid.UUID]) -> int:
    """Delete parked rows that nobody will ever want done; how many there were."""
    with _transaction(table):
        return parked(table, ids).delete()[0]


def purge(table: type[Row], *, older_than: timedelta) -> int:
    """Delete a batch of rows done longer ago than that; how many there were."""
    old = table._default_manager.filter(status=Status.DONE, due_at__lt=timezone.now() - older_than)
    ids = list(old.values_list("pk", flat=True)[:PURGE_BATCH])
    if ids:
        with _transaction(table):
            table._default_manager.filter(pk__in=ids).delete()
    return len(ids)


def backoff(attempts: int, longest: timedelta = MAX_BACKOFF) -> timedelta:
    """1, 2, 4 … seconds up to `longest`, each up to a quarter longer so that failures don't return together."""
    seconds = min(2.0 ** min(max(attempts - 1, 0), 20), longest.total_seconds())
    return timedelta(seconds=seconds * random.uniform(1, 1.25))
