"""`manage.py probe setup | ask COUNT SECONDS | say COUNT WRITERS`: the other side of tests/seam/test_processes.py."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

from django.core.management import BaseCommand, CommandParser, call_command
from django.db import connections

from apps.catalog.contract import ItemWithdrawn
from seam import atomic, enqueue, publish
from seam.registry import registry
from seam.request import request_id

NOTES = "CREATE TABLE IF NOT EXISTS {} (id INTEGER PRIMARY KEY {}, what VARCHAR(100), pid INTEGER)"


class Command(BaseCommand):
    requires_system_checks = ()  # they take longer than all it does

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["setup", "ask", "say"])
        parser.add_argument("numbers", nargs="*", type=float)

    def handle(self, *args: Any, action: str, numbers: list[float], **options: Any) -> None:
        getattr(self, action)(*numbers)

    def setup(self) -> None:
        for alias in (served.alias for served in registry):
            call_command("migrate", database=alias, verbosity=0)
            auto = "AUTO_INCREMENT" if connections[alias].vendor == "mysql" else "AUTOINCREMENT"
            with connections[alias].cursor() as cursor:
                for table in ("probe_begun", "probe_done"):
                    cursor.execute(NOTES.format(table, auto))

    def ask(self, count: float, seconds: float) -> None:
        with atomic("catalog"):
            for n in range(int(count)):
                enqueue("catalog.probe", {"n": n, "seconds": seconds})

    def say(self, count: float, writers: float) -> None:
        """Each writer says its share, every event in a transaction of its own."""
        threads = [
            threading.Thread(target=self.write, args=(writer, int(count / writers)))
            for writer in range(int(writers))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def write(self, writer: int, share: int) -> None:
        try:
            for number in range(share):
                with request_id(f"said-{writer}"), atomic("catalog"):
                    publish(ItemWithdrawn(item_id=uuid4(), slug=f"{writer}-{number}"))
        finally:
            connections.close_all()
