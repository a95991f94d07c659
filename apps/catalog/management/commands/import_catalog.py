"""Fill the catalogue from a file: `manage.py import_catalog FILE --mapping MAPPING.toml` (docs/importing.md)."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.auth.contract import Auth, PersonNotFound
from apps.catalog.importing.chunks import Chunks
from apps.catalog.importing.formats import FORMATS, FileOptions, read_records
from apps.catalog.importing.mapping import load_mapping
from apps.catalog.importing.pictures import Pictures, folder_of
from apps.catalog.importing.preview import Preview, summary
from apps.catalog.importing.progress import progress
from apps.catalog.importing.rejects import Rejects
from apps.catalog.importing.run import BATCH_SIZE, Import, Report, Writer
from apps.catalog.importing.sources import open_source
from apps.catalog.importing.writer import CatalogWriter
from functions.catalog_import_chunk.records import MAX_RECORD_BYTES, ImportProblem
from functions.catalog_import_chunk.rules import Mapping
from seam import use

SOME_REJECTED = 3
INTERRUPTED = 130


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(_("“%(text)s” is not a whole number above 0") % {"text": text})
    return int(text)


class Command(BaseCommand):
    help = "Create and update items from CSV, TSV, JSON lines or a JSON list; plain, gzip or zstd."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = (
            "Running it again updates items and creates no doubles; a run that was stopped is continued by running\n"
            "the same command again. Exit codes: 0 all taken, 3 some records were rejected, 1 it could not go on,\n"
            "130 stopped by Ctrl-C."
        )
        parser.add_argument("file", help="a path, an http(s) URL, or - for standard input")
        parser.add_argument("--mapping", required=True, type=Path, help="TOML file: what in a record is what")
        parser.add_argument("--format", choices=FORMATS, help="seen from the file unless given")
        parser.add_argument("--encoding", help="such as cp1252; UTF-8 unless given or marked in the file")
        parser.add_argument(
            "--pictures", type=Path, help="folder of the picture files, instead of the mapping's"
        )
        parser.add_argument("--owner", metavar="EMAIL", help="whose the new items and their pictures are")
        parser.add_argument("--rejects", type=Path, help="where rejected records go (JSON lines)")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen and write nothing")
        parser.add_argument("--limit", type=_positive, help="read so many records only")
        parser.add_argument(
            "--batch-size", type=_positive, default=BATCH_SIZE, help="items in one transaction"
        )
        parser.add_argument(
            "--max-record-mb",
            type=_positive,
            default=MAX_RECORD_BYTES // 1024**2,
            help="reject records larger than so many MB (1)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = Report()
        try:
            self._import(options, report)
        except ImportProblem as problem:
            told = _told(report, options)
            raise CommandError(f"{problem}\n{told}" if report.read else str(problem)) from problem
        except KeyboardInterrupt as interrupt:
            raise CommandError(_stopped(report, options), returncode=INTERRUPTED) from interrupt

    def _import(self, options: dict[str, Any], report: Report) -> None:
        mapping = load_mapping(options["mapping"])
        owner_id = _owner(mapping, options)
        rejects = Rejects(_rejects_path(mapping, options))
        with open_source(options["file"]) as source, closing(rejects), progress(source, self.stdout) as show:
            pictures = Pictures(
                folder_of(mapping, options["pictures"], source.folder),
                owner_id,
                are_ids=bool(mapping.pictures and mapping.pictures.ids),
            )
            mapper = Chunks(mapping)
            records = read_records(source.stream, _file_options(mapping, options), mapping.columns())
            with closing(Preview(pictures)) as preview:
                writer: Writer = preview if options["dry_run"] else CatalogWriter(mapping, pictures, owner_id)
                run = Import(mapper, writer, rejects, show, options["batch_size"], report)
                run.run(records, options["limit"])
        self.stdout.write("".join(preview.lines()) + _told(report, options))
        self._conclude(run, mapper.skipped, rejects)

    def _conclude(self, run: Import, skipped: dict[str, int], rejects: Rejects) -> None:
        for name, count in skipped.items():
            self.stdout.write(
                _("%(name)s: left out %(count)d times, where it did not fit") % {"name": name, "count": count}
            )
        for rejected in rejects.first:
            self.stdout.write(
                _("Line %(line)d: %(reason)s") % {"line": rejected.line, "reason": rejected.reason}
            )
        rejects.forget_earlier()
        if run.report.rejected or run.report.left_out:
            if rejects.path:
                self.stdout.write(_("All that was rejected: %(path)s") % {"path": rejects.path})
            sys.exit(SOME_REJECTED)


def _rejects_path(mapping: Mapping, options: dict[str, Any]) -> Path | None:
    if options["rejects"] and str(options["rejects"]) == options["file"]:
        raise ImportProblem(_("The rejects file must be another file than the one that is imported."))
    if options["rejects"] or options["dry_run"]:
        return options["rejects"]
    return Path(settings.DATA_DIR) / "imports" / f"{mapping.name}.rejects.jsonl"


def _owner(mapping: Mapping, options: dict[str, Any]) -> UUID | None:
    if not options["owner"]:
        if mapping.pictures and not mapping.pictures.ids and not options["dry_run"]:
            raise ImportProblem(_("Pictures belong to somebody. Say to whom: --owner EMAIL"))
        return None
    try:
        return use(Auth).get_person_by_email(email=options["owner"]).id
    except PersonNotFound as error:
        raise ImportProblem(
            _("Nobody signs in with %(email)s. Create the account first, or name another.")
            % {"email": options["owner"]}
        ) from error


def _file_options(mapping: Mapping, options: dict[str, Any]) -> FileOptions:
    return FileOptions(
        format=options["format"] or mapping.file.format,
        encoding=options["encoding"] or mapping.file.encoding,
        delimiter=mapping.file.delimiter,
        quotes=mapping.file.quotes,
        max_record=options["max_record_mb"] * 1024**2,
    )


def _told(report: Report, options: dict[str, Any]) -> str:
    return summary(report) if options["dry_run"] else _said(report)


def _stopped(report: Report, options: dict[str, Any]) -> str:
    if options["dry_run"]:
        return summary(report)
    return _("%(report)s Stopped; what was written stays. Run the same command again to go on.") % {
        "report": _said(report)
    }


def _said(report: Report) -> str:
    said = _(
        "%(read)d records: %(created)d created, %(updated)d updated, %(unchanged)d unchanged, "
        "%(rejected)d rejected."
    ) % vars(report)
    if report.left_out:
        said += " " + ngettext(
            "%(count)d picture was left out.", "%(count)d pictures were left out.", report.left_out
        ) % {"count": report.left_out}
    return said
