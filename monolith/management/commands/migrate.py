"""manage.py migrate: as Django's own, but of every context that is here, and given time.

`--database` names one of them. To build an index of a large table takes longer than a page may wait.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from monolith.unhurried import give_time


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        # Without auth there is no `default`, and a context whose tables are forgotten fails much later.
        parser.set_defaults(database=None)

    def execute(self, *args: Any, **options: Any) -> None:
        named = options.pop("database")
        for alias in [named] if named else [context.alias for context in settings.HERE]:
            give_time(alias)
            super().execute(*args, database=alias, **options)
