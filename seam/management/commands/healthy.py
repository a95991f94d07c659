"""`manage.py healthy`: did a worker, any worker, finish a heartbeat of each context in the last 30 seconds?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from seam.heartbeat import LATE, silence
from seam.registry import Served, registry


class Command(BaseCommand):
    help = "Fail where jobs of a context here stand still. (Whether one worker is alive says bin/healthy worker.)"
    requires_system_checks = ()  # `prepare` makes them

    def handle(self, *args: Any, **options: Any) -> None:
        if still := [sentence for served in registry if (sentence := standing_still(served))]:
            raise CommandError("\n".join(still))
        self.stdout.write(f"Jobs are done: {', '.join(served.name for served in registry)}.")


def standing_still(served: Served) -> str:
    since = silence(served)
    if since is None:
        return f"{served.name}'s jobs stand still: no worker is known to have run them. Start `manage.py worker`."
    if since <= LATE:
        return ""
    return (
        f"{served.name}'s jobs stand still for {since.total_seconds():.0f} s: no worker finished a heartbeat since. "
        "See what `worker`, `relay` and the broker say."
    )
