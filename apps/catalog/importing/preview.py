"""What --dry-run shows: the first items as they would stand in the catalogue; nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.catalog.importing.mapped import MappedItem
from apps.catalog.importing.pictures import Pictures
from apps.catalog.importing.run import Entry, Report, Written
from apps.catalog.slugs import LENGTH
from apps.catalog.text import slug_of

SHOWN = 3
LONGEST = 90


class Preview:
    """Stands where the writer stands, and keeps the first few items. Close it."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._first: list[Entry] = []
        # All keys may be more than memory holds: a database without a name lies in a file that goes with it.
        self._keys = sqlite3.connect("")
        self._keys.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")

    def close(self) -> None:
        self._keys.close()

    def write(self, batch: list[Entry]) -> Written:
        taken, rejected = [], []
        for entry in batch:
            if self._is_new(entry.item.key):
                taken.append(entry)
            else:
                rejected.append(entry.again())
        self._first += taken[: SHOWN - len(self._first)]
        return Written(created=len(taken), rejected=rejected)

    def finish(self) -> None:
        """Nothing was written."""

    def _is_new(self, key: str) -> bool:
        return self._keys.execute("INSERT OR IGNORE INTO seen VALUES (?)", [key]).rowcount > 0

    def lines(self) -> Iterator[str]:
        for entry in self._first:
            yield _("Line %(line)d: %(key)s\n") % {"line": entry.record.line, "key": entry.item.key}
            for name, value in self._fields(entry.item):
                if value:
                    yield f"    {name:<16} {_short(value)}\n"

    def _fields(self, item: MappedItem) -> Iterator[tuple[str, str]]:
        draft = item.draft
        yield _("title"), draft.title
        yield _("slug"), slug_of(draft.slug or draft.title, LENGTH)
        yield _("description"), draft.description
        yield _("status"), _("published") if item.published else _("draft")
        yield _("price"), f"{draft.price} {draft.currency}" if draft.price is not None else ""
        for language, texts in draft.translations.items():
            yield from ((f"{name} ({language})", text) for name, text in texts.items())
        for path in item.categories:
            yield _("category"), " › ".join(path)
        for fact in draft.facts:
            yield fact.name, str(fact.value)
        for picture in item.pictures:
            found = " " + _("(not found)") if self._pictures.is_missing(picture) else ""
            yield _("picture"), picture + found


def summary(report: Report) -> str:
    """What the import would do; `created` counts what it would take."""
    return _("%(taken)d of %(read)d records would be taken, %(rejected)d rejected. Nothing was written.") % {
        "taken": report.created,
        "read": report.read,
        "rejected": report.rejected,
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
