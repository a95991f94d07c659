"""Jobs of a test's own in the real contexts: what they did is a row in the same database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from apps.catalog.contract import ItemWithdrawn
from seam import Job, atomic, enqueue, publish
from seam.registry import registry
from seam.rows import Status

catalog, media = "catalog", "media"
FAR = timedelta(days=365)


@contextmanager
def having(*jobs: Job) -> Iterator[None]:
    """Those are the jobs of their contexts while the block runs, and nobody else hears anything."""
    before = {served.name: dict(served.jobs) for served in registry}
    for served in registry:
        served.jobs.clear()  # type: ignore[attr-defined]
    for job in (*jobs, mark):
        registry[job.name.partition(".")[0]].jobs[job.name] = job  # type: ignore[index]
    try:
        yield
    finally:
        for served in registry:
            served.jobs.clear()  # type: ignore[attr-defined]
            served.jobs.update(before[served.name])  # type: ignore[attr-defined]


# An effect that shares the transaction of its job: one more row of the job table, never due.
mark = Job("catalog.mark", effect=lambda data, result: None)


def leave_mark(data: Any, result: Any = None) -> None:
    enqueue("catalog.mark", {"of": str(data), "result": result}, due_at=timezone.now() + FAR)


def marks() -> list[dict[str, Any]]:
    rows = registry[catalog].job_table._default_manager.filter(name="catalog.mark").order_by("created_at")
    return [row.data for row in rows]


def withdraw(count: int = 1, slug: str = "s") -> None:
    """Say that many events."""
    with atomic(catalog):
        for _number in range(count):
            publish(ItemWithdrawn(item_id=uuid4(), slug=slug))


def ask(name: str, data: dict[str, Any] | None = None, **options: Any) -> None:
    with atomic(name.partition(".")[0]):
        enqueue(name, data or {}, **options)


def events() -> Any:
    return registry[catalog].outbox._default_manager.order_by("created_at")


def jobs(context: str = catalog) -> Any:
    """The jobs of a context, without the marks."""
    return registry[context].job_table._default_manager.exclude(name="catalog.mark").order_by("created_at")


def make_due(rows: Any) -> None:
    """As if the back-off, or the lease of somebody who was killed, had passed."""
    past = timezone.now() - timedelta(seconds=1)
    rows.filter(status=Status.WAITING).update(due_at=past)
    rows.filter(status=Status.WAITING, lease_until__isnull=False).update(lease_until=past)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any) -> None:
        raise error

    return fail
