"""Django's `migrate`, given time: to build an index of a large table takes longer than a page may wait."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from monolith.unhurried import give_time


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        give_time(options["database"])
        super().handle(*args, **options)
