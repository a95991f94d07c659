"""manage.py compile_translations: every .po of the project to the .mo that Django reads. Needs no gettext tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

PACKAGES = ("monolith", "seam", "apps/*", "functions/*")


class Command(BaseCommand):
    help = "Compiles every .po file of the project whose .mo is missing or older."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        sources = translations(settings.BASE_DIR)
        compiled = [source for source in sources if compile_if_stale(source)]
        if options["verbosity"]:
            self.stdout.write(f"{len(compiled)} of {len(sources)} translations compiled.")


def translations(root: Path) -> list[Path]:
    """The .po files of the project, and not those of its virtual environment."""
    return sorted(po for package in PACKAGES for po in root.glob(f"{package}/locale/*/LC_MESSAGES/*.po"))


def compile_if_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return False
    try:
        catalogue = polib.pofile(str(source))
    except (OSError, UnicodeDecodeError) as error:  # polib raises OSError for a syntax error
        raise CommandError(f"{source} can't be read: {error}. Mend that line and run this again.") from error
    # Whole or not there, though another process compiles the same.
    unfinished = target.with_suffix(f".{uuid4().hex}.mo")
    catalogue.save_as_mofile(str(unfinished))
    unfinished.replace(target)
    return True
