"""Fills an empty site with the demo shop; may be run again, and then completes what is missing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from monolith.demo.shop import LONG_SIDE, read_shop


class Command(BaseCommand):
    help = (
        "Fill an empty site with a shop of 48 prints in English and Spanish and three people who can sign in. "
        "May run while the site does; a site that isn't empty is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--prints", type=int, metavar="N", help="only N of the prints; run again without it for the rest"
        )

        parser.add_argument(
            "--pixels",
            type=int,
            metavar="N",
            default=LONG_SIDE,
            help="the long side of each picture, 200 to 6000 (%(default)s); small ones are made sooner",
        )

    def handle(self, *args: Any, prints: int | None, pixels: int, **options: Any) -> None:
        if missing := {"auth", "media", "catalog"} - {context.name for context in settings.HERE}:
            raise CommandError(
                f"The demo needs all contexts in one process; {', '.join(missing)} is elsewhere."
            )
        if prints is not None and prints < 1:
            raise CommandError("--prints must be 1 or more.")
        if not 200 <= pixels <= 6000:
            raise CommandError("--pixels must be 200 to 6000.")
        # Of every context, so it can be imported only where all are.
        from monolith.demo.seeding import Seeding

        try:
            Seeding(settings.DATA_DIR / "demo", self.tell, read_shop(pixels)).run(prints)
        except BlockingIOError as error:
            raise CommandError("Another seed_demo is at work on this site; let it finish.") from error

    def tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
