"""`manage.py contracts`: writes docs/contracts/<context>.v1.proto from the contracts, or checks what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from seam.contract import Contract
from seam.proto import ADVICE, incompatibilities, render
from seam.registry import registry


class Command(BaseCommand):
    help = (
        "Write every contract as a .proto file. Refuses to replace a file with one that breaks who holds it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where a file is not up to date"
        )
        parser.add_argument(
            "--break",
            action="store_true",
            dest="may_break",
            help="write incompatible changes too: while nobody holds it",
        )
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.BASE_DIR / "docs" / "contracts",
            help="default: %(default)s",
        )

    def handle(self, *args: Any, folder: Path, check: bool, may_break: bool, **options: Any) -> None:
        problems = [
            line for c in registry.contracts.values() for line in self.problems(c, folder, check, may_break)
        ]
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(
            f"{len(registry.contracts)} contracts {'are as' if check else 'written to'} {folder}"
        )

    def problems(self, contract: Contract, folder: Path, check: bool, may_break: bool) -> list[str]:
        """What stands against the file of a contract; where nothing does it is written, unless `check`."""
        path = folder / f"{contract.name}.v1.proto"
        old, new = path.read_text() if path.exists() else "", render(contract)
        broken = [] if may_break else incompatibilities(old, new)
        if broken:
            return [f"{path.name}:", *(f"  {line}" for line in broken), ADVICE]
        if check:
            return [f"{path} is not up to date: run `manage.py contracts`."] if old != new else []
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(new)
        return []
