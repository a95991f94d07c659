"""manage.py sweep_media: removes files that nobody names, and tells which pictures have lost theirs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.media.contract import StorageAway
from apps.media.models import Asset
from apps.media.reasons import Size
from apps.media.sweeping import Suspicious, Swept, sweep

NAMED = 20


class Command(BaseCommand):
    help = (
        "Remove the files of pictures that no row names and that are older than a day: what a crash left between a "
        "file and its row, renditions of pictures that are gone, files that never arrived. Pictures whose file is "
        "gone are told, and left as they are. Runs by itself on every day on which a picture is uploaded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be removed, and remove nothing"
        )
        parser.add_argument(
            "--believe", action="store_true", help="remove also where most files are named by nobody"
        )

    def handle(self, *args: Any, dry_run: bool, believe: bool, **options: Any) -> None:
        try:
            swept = sweep(timezone.now(), remove=not dry_run, believe=believe or dry_run)
        except (Suspicious, StorageAway) as error:
            raise CommandError(str(error)) from error
        self.tell_found(swept, "would be removed" if dry_run else "removed")
        self.tell_missing(swept)

    def tell_found(self, swept: Swept, what: str) -> None:
        for kind, names in swept.found.items():
            for name in names[:NAMED]:
                self.stdout.write(f"{kind}/{name}")
            if len(names) > NAMED:
                self.stdout.write(f"… and {len(names) - NAMED} more of the {kind}")
        self.stdout.write(f"{swept.files} files that nobody names {what}, {Size(swept.bytes)}.")

    def tell_missing(self, swept: Swept) -> None:
        if not swept.missing:
            return
        lost = Asset.objects.filter(original__name__in=swept.missing[:NAMED]).select_related("original")
        for asset in lost:
            self.stderr.write(
                f"lost: originals/{asset.original.name}, picture {asset.pk} of {asset.owner_id}"
            )
        self.stderr.write(
            f"Originals that are gone: {len(swept.missing)}. Their pictures are still shown; bring the files back "
            "from a backup, or let their owners upload them again."
        )
