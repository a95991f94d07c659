"""`manage.py jobs`: what waits, what failed or is parked and why; retry or discard it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from seam.models import Row
from seam.registry import registry
from seam.rows import Status, discard, failing, parked, retry

SHOWN = 20


class Command(BaseCommand):
    help = "Events and jobs of this process's contexts: list them, show one, retry or discard what is parked."
    requires_system_checks = ()  # `prepare` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(
            dest="action", metavar="list | show | retry | discard", parser_class=CommandParser
        )
        actions.add_parser(
            "list",
            help="how many wait, are done and parked; what is parked, what failed and is tried again (the default)",
        )
        show = actions.add_parser("show", help="all that is known of one")
        show.add_argument("ids", nargs=1, type=UUID, metavar="ID")
        again = actions.add_parser("retry", help="set parked ones waiting again")
        again.add_argument("ids", nargs="*", type=UUID, metavar="ID")
        again.add_argument("--all", action="store_true", help="all that is parked")
        away = actions.add_parser("discard", help="delete parked ones that nobody will ever want done")
        away.add_argument("ids", nargs="+", type=UUID, metavar="ID")

    def handle(self, *args: Any, action: str | None, **options: Any) -> None:
        {"show": self.show, "retry": self.retry, "discard": self.discard}.get(action or "", self.list)(
            options
        )

    def list(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{'':<20}" + "".join(f"{status:>10}" for status in Status.values))
        for name, table in tables():
            counts = dict(table._default_manager.values_list("status").annotate(Count("pk")).order_by())
            self.stdout.write(
                f"{name:<20}" + "".join(f"{counts.get(status, 0):>10}" for status in Status.values)
            )
        for _name, table in tables():
            for row in parked(table).order_by("-created_at")[:SHOWN]:
                self.tell(self.style.ERROR("parked"), row)
        for _name, table in tables():
            for row in failing(table).order_by("-created_at")[:SHOWN]:
                self.tell(self.style.WARNING(f"tried {row.attempts} ×"), row)

    def tell(self, what: str, row: Row) -> None:
        reason = row.last_error.strip().splitlines() or [""]
        self.stdout.write(f"\n{what} {row.pk} {row.name}\n  {reason[-1]}")

    def show(self, options: dict[str, Any]) -> None:
        found = [
            row for _name, table in tables() for row in table._default_manager.filter(pk__in=options["ids"])
        ]
        if not found:
            raise CommandError(f"No event and no job here has the id {options['ids'][0]}.")
        for row in found:
            for field in row._meta.concrete_fields:
                value = getattr(row, field.attname)
                self.stdout.write(
                    f"{field.name}: {json.dumps(value, indent=2) if field.name == 'data' else value}"
                )

    def retry(self, options: dict[str, Any]) -> None:
        if options["all"] == bool(options["ids"]):
            raise CommandError("Say which: manage.py jobs retry ID …, or manage.py jobs retry --all")
        ids = None if options["all"] else options["ids"]
        count = sum(retry(table, ids) for _name, table in tables())
        self.expect(count, ids)
        self.stdout.write(f"{count} will be tried again.")

    def discard(self, options: dict[str, Any]) -> None:
        count = sum(discard(table, options["ids"]) for _name, table in tables())
        self.expect(count, options["ids"])
        self.stdout.write(f"{count} discarded.")

    def expect(self, count: int, ids: Collection[UUID] | None) -> None:
        if ids is not None and count < len(set(ids)):
            raise CommandError(
                f"{count} of {len(set(ids))} were parked; the others are not, or are not known here."
            )


def tables() -> Iterator[tuple[str, type[Row]]]:
    for served in registry:
        yield f"{served.name} events", served.outbox
        yield f"{served.name} jobs", served.job_table
