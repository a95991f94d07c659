"""`manage.py relay`: hands events to subscribers, jobs to the broker where there is one, and clears what is old."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from seam.dispatch import carrier, dispatch_once, forget_once
from seam.loop import poll, run_loops, until_told_to_stop
from seam.outbox import relay_once
from seam.registry import registry
from seam.rows import purge

KEEP_EVENTS = timedelta(days=7)
# Longer than any event is tried: the row of a job is what makes the same event, come again, known.
KEEP_JOBS = timedelta(days=30)
PURGE_EVERY = 600.0
FORGET_EVERY = 60.0


class Command(BaseCommand):
    help = "Hand events from the outboxes of this process's contexts to their subscribers, until SIGTERM."
    requires_system_checks = ()  # `prepare` makes them

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=[Tags.database], databases=[served.alias for served in registry])
        stop = until_told_to_stop()
        broker = carrier()

        def relay() -> int:
            return sum(relay_once(served, stopped=stop.is_set) for served in registry)

        def dispatch() -> int:
            return sum(dispatch_once(served, broker) for served in registry) if broker else 0

        def forget() -> int:
            return sum(forget_once(served, broker) for served in registry)

        loops = [
            partial(poll, relay, stop),
            partial(poll, purge_old, stop, idle=PURGE_EVERY),
            partial(poll, forget, stop, idle=FORGET_EVERY),
        ]
        if broker:
            # A loop of its own, so that a broker that hangs keeps no event waiting.
            loops.append(partial(poll, dispatch, stop))
        self.stdout.write(f"relay: carrying events{' and jobs' if broker else ''}")
        run_loops(loops, stop)
        self.stdout.write("relay: stopped")


def purge_old() -> int:
    """Delete one batch of each table's rows that were done long ago; how many there were."""
    return sum(
        purge(served.outbox, older_than=KEEP_EVENTS) + purge(served.job_table, older_than=KEEP_JOBS)
        for served in registry
    )
