"""Claiming, finishing, backing off and parking rows; the same for events and jobs."""

from __future__ import annotations

import random
import traceback
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from django.db.models import F, Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from seam.db import atomic

if TYPE_CHECKING:  # models can't be imported before Django's app registry is ready
    from seam.models import Row

R = TypeVar("R", bound="Row")

MAX_BACKOFF = timedelta(minutes=10)
ERROR_LENGTH = 4000


class Status(TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    PARKED = "parked", _("parked")


def due(now: datetime) -> Q:
    """Rows that may be taken: waiting, due, and leased to nobody who still holds them."""
    return Q(status=Status.WAITING, due_at__lte=now) & free(now)


def free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def claim(context: str, table: type[R], *, limit: int, lease: timedelta) -> list[R]:
    """Lease up to `limit` due rows, oldest first. The locks are gone when this returns; the lease stays."""
    now, token = timezone.now(), uuid.uuid4()
    # Looking first costs no lock; most looks find nothing.
    if not table._default_manager.filter(due(now)).exists():
        return []
    with atomic(context):
        rows = list(
            table._default_manager.select_for_update(skip_locked=True).filter(due(now)).order_by("due_at")[:limit]
        )
        _lease(table, [row.pk for row in rows], token, now + lease)
    for row in rows:
        row.lease_token, row.attempts = token, row.attempts + 1
    return rows


def take(context: str, table: type[R], row_id: uuid.UUID, *, lease: timedelta) -> R | None:
    """Lease one row by its id, or None when it is done, parked, or in somebody's hands."""
    now, token = timezone.now(), uuid.uuid4()
    with atomic(context):
        open_rows = table._default_manager.select_for_update().filter(free(now), status=Status.WAITING, pk=row_id)
        row = open_rows.first()
        if row is None:
            return None
        _lease(table, [row.pk], token, now + lease)
    row.lease_token, row.attempts = token, row.attempts + 1
    return row


def _lease(table: type[R], ids: list[uuid.UUID], token: uuid.UUID, until: datetime) -> None:
    table._default_manager.filter(pk__in=ids).update(
        lease_token=token, lease_until=until, due_at=until, attempts=F("attempts") + 1
    )


def finish(row: Row) -> bool:
    """Mark done; False when the lease went to somebody else meanwhile. Call inside `atomic`, before the effect."""
    return bool(_held(row).update(status=Status.DONE, done_at=timezone.now(), lease_until=None, last_error=""))


def fail(row: Row, error: BaseException, *, max_attempts: int) -> None:
    """Back off, or park when the attempts are used up."""
    parked = row.attempts >= max_attempts
    _held(row).update(
        status=Status.PARKED if parked else Status.WAITING,
        due_at=timezone.now() + backoff(row.attempts),
        lease_until=None,
        last_error="".join(traceback.format_exception(error))[-ERROR_LENGTH:],
    )


def park(row: Row, reason: str) -> None:
    """Set aside for a person to look at."""
    _held(row).update(status=Status.PARKED, lease_until=None, last_error=reason)


def release(row: Row) -> None:
    """Give back a row that was claimed and not begun."""
    _held(row).update(due_at=timezone.now(), lease_until=None, attempts=F("attempts") - 1)


def retry(table: type[Row], ids: list[uuid.UUID] | None = None) -> int:
    """Set parked rows waiting again, all of them or those of `ids`; how many there were."""
    parked = table._default_manager.filter(status=Status.PARKED)
    if ids is not None:
        parked = parked.filter(pk__in=ids)
    return parked.update(status=Status.WAITING, due_at=timezone.now(), lease_until=None, attempts=0)


def purge(table: type[Row], *, older_than: timedelta) -> int:
    """Delete rows done longer ago than that; how many there were."""
    deleted, _by_model = table._default_manager.filter(
        status=Status.DONE, done_at__lt=timezone.now() - older_than
    ).delete()
    return deleted


def backoff(attempts: int) -> timedelta:
    """1, 2, 4 … seconds up to MAX_BACKOFF, each up to a quarter longer so that failures don't return together."""
    seconds = min(2 ** max(attempts - 1, 0), MAX_BACKOFF.total_seconds())
    return timedelta(seconds=seconds * random.uniform(1, 1.25))


def _held(row: R):  # type: ignore[no-untyped-def]
    return type(row)._default_manager.filter(
        pk=row.pk, status=Status.WAITING, lease_token=row.lease_token, lease_until__isnull=False
    )
