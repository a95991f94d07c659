"""`manage.py worker`: runs the jobs of every context here in its own threads."""

import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from seam.jobs import run_due
from seam.loop import poll, until_told_to_stop
from seam.registry import registry


class Command(BaseCommand):
    help = "Run the jobs of this process's contexts in threads of its own, until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threads", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        stop = until_told_to_stop()
        threads = [
            threading.Thread(target=poll, args=(_run_one_of_each, stop), name=f"worker-{n}")
            for n in range(options["threads"])
        ]
        self.stdout.write(f"worker: {len(threads)} threads")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.stdout.write("worker: stopped")


def _run_one_of_each() -> int:
    """One job of each context in turn, so that a long queue of one keeps nobody waiting."""
    return sum(run_due(served) for served in registry)
