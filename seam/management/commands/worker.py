"""`manage.py worker`: runs the jobs of every context here, in its own threads or as the broker hands them out."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from seam.dispatch import carrier
from seam.jobs import run_due
from seam.loop import poll, run_loops, until_told_to_stop
from seam.registry import registry


class Command(BaseCommand):
    help = "Run the jobs of this process's contexts until SIGTERM; what is in hand then is finished."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=at_least_one,
            default=settings.WORKER_CONCURRENCY,
            help="how many jobs run at once (default: WORKER_CONCURRENCY, %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=[Tags.database], databases=[served.alias for served in registry])
        concurrency, broker = options["concurrency"], carrier()
        if broker:
            self.stdout.write(f"worker: {concurrency} processes, as the broker hands jobs out")
            connections.close_all()  # its child processes must not share ours
            broker.work(queues=[served.queue for served in registry], concurrency=concurrency)
            return
        stop = until_told_to_stop()
        self.stdout.write(f"worker: {concurrency} threads")
        run_loops([partial(poll, run_one_of_each, stop)] * concurrency, stop)
        self.stdout.write("worker: stopped")


def run_one_of_each() -> int:
    """One job of each context in turn, so that a long queue of one keeps nobody waiting."""
    return sum(run_due(served) for served in registry)


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one job has to run at a time")
    return number
