"""Write the catalogue into a file that the import reads: `manage.py export_catalog FILE` (docs/importing.md)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from apps.catalog.exporting.formats import ENDINGS, FORMATS, written
from apps.catalog.exporting.mapping import mapping
from apps.catalog.exporting.records import ChangedMeanwhile, columns, records


class Command(BaseCommand):
    help = "Write all items into a file, and beside it the mapping with which import_catalog reads it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help="ends with .csv, .tsv, .jsonl or .json, and maybe .gz or .zst; or -"
        )
        parser.add_argument("--mapping", type=Path, help="where the mapping goes; FILE.toml unless given")
        parser.add_argument("--format", choices=FORMATS, help="seen from the file's name unless given")
        parser.add_argument("--published-only", action="store_true", help="leave drafts out")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        format_, compression = _kind(path, options["format"])
        if str(path) == "-" and not options["mapping"]:
            raise CommandError(_("Say where the mapping goes: --mapping FILE.toml"))
        beside: Path = options["mapping"] or path.with_name(f"{path.name}.toml")
        known = columns()
        try:
            with _whole(beside) as file:
                file.writelines(text.encode() for text in mapping(format_, known))
            with _whole(path) as file:
                items = records(known, published_only=options["published_only"])
                file.writelines(written(format_, items, known, compression))
        except ChangedMeanwhile as changed:
            raise CommandError(str(changed)) from changed
        except OSError as error:
            raise CommandError(
                _("%(path)s can’t be written: %(reason)s.")
                % {"path": error.filename or path, "reason": error.strerror}
            ) from error
        self.stderr.write(
            _("Read it again with: manage.py import_catalog %(file)s --mapping %(mapping)s")
            % {"file": path, "mapping": beside}
        )


def _kind(path: Path, format_: str | None) -> tuple[str, str]:
    """The format and the compression that the name says."""
    name = path.name
    compression = next((kind for kind, ending in ENDINGS.items() if ending and name.endswith(ending)), "")
    said = Path(name.removesuffix(ENDINGS[compression])).suffix[1:]
    kind = format_ or said
    if kind not in FORMATS:
        raise CommandError(
            _("Which format? End the file’s name with one of %(known)s, or say --format.")
            % {"known": ", ".join(f".{name}" for name in FORMATS)}
        )
    return kind, compression


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """The file appears under its name when all of it is there."""
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
