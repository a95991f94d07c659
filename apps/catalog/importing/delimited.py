"""CSV and TSV. A record may span lines; one that can't be read costs the lines it spans."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.catalog.importing.encodings import Utf8
from apps.catalog.importing.json_lines import too_large
from apps.catalog.importing.lines import Line, read_lines
from functions.catalog_import_chunk.records import (
    ImportProblem,
    Outcome,
    Record,
    RecordProblem,
    Rejected,
    shown,
)
from functions.catalog_import_chunk.suggest import did_you_mean

DELIMITERS = ",;\t|"
MOST_SHOWN = 300  # characters of a header, which may be no header at all


@dataclass(frozen=True)
class Dialect:
    delimiter: str = ","
    quotes: bool = True


def sniff_delimiter(head: bytes) -> str:
    """The one that stands most often in the first line, outside quotation marks; a comma when none does."""
    first = b"".join(head.split(b"\n", 1)[0].split(b'"')[::2]).decode(errors="replace")
    return max(DELIMITERS, key=first.count)


def read_delimited(
    stream: io.BufferedReader, limit: int, dialect: Dialect, needed: Collection[str] = ()
) -> Iterator[Outcome]:
    """Records as column name -> text. `needed` columns must be there, once. Raises ImportProblem if not."""
    csv.field_size_limit(max(limit, csv.field_size_limit()))
    feed = _Feed(stream, limit, dialect)
    header = _header(feed, needed)
    while (row := _next(feed)) is not None:
        if isinstance(row, Rejected):
            yield row
        elif len(row) == len(header):
            yield Record(feed.first, dict(zip(header, row, strict=True)), feed.size)
        elif row:
            yield Rejected(feed.first, _ragged(len(row), len(header)), feed.head, feed.last)


def _next(feed: _Feed) -> list[str] | Rejected | None:
    """The next row; [] for an empty line, None at the end."""
    feed.begin()
    try:
        return next(feed.rows)
    except StopIteration:
        return None
    except RecordProblem as problem:
        feed.finish_broken()
        return Rejected(feed.first, str(problem), feed.head, feed.last)
    except csv.Error as error:
        return Rejected(feed.first, _broken(error), feed.head, feed.last)


def _ragged(found: int, expected: int) -> str:
    return _(
        "The row has %(found)d fields, the header %(expected)d. A field that holds the delimiter or a line "
        "break must stand in quotation marks."
    ) % {"found": found, "expected": expected}


def _broken(error: csv.Error) -> str:
    if "end of data" in str(error):
        return _("A quotation mark is opened and never closed, so everything after it belongs to one field.")
    if "new-line" in str(error):
        return _("A line ends in a carriage return alone. Save the file with usual line ends (LF or CRLF).")
    return _(
        "The quotation marks don't match (%(error)s). Inside a quoted field they must be doubled. If they "
        "mean nothing in this file, put quotes = false under [file] in the mapping."
    ) % {"error": error}


def _header(feed: _Feed, needed: Collection[str]) -> list[str]:
    row = _next(feed)
    if row is None:
        raise ImportProblem(_("The file is empty: not even a line with the names of the columns."))
    if isinstance(row, Rejected):
        raise ImportProblem(
            _("The line with the names of the columns can't be read. %(why)s") % {"why": row.reason}
        )
    header = [name.strip() for name in row]
    for name in needed:
        _check_column(name, header)
    return header


def _check_column(name: str, header: list[str]) -> None:
    if name not in header:
        raise ImportProblem(
            _("The file has no column “%(name)s”.%(hint)s Its columns are: %(columns)s.")
            % {
                "name": name,
                "hint": did_you_mean(name, header),
                "columns": shown(", ".join(filter(None, header)), MOST_SHOWN),
            }
        )
    if header.count(name) > 1:
        places = [number for number, other in enumerate(header, 1) if other == name]
        raise ImportProblem(
            _("The column “%(name)s” is there more than once (columns %(places)s). Rename all but one.")
            % {"name": name, "places": ", ".join(map(str, places))}
        )


class _Feed:
    """Hands csv its lines, and knows where the record began and how large it has grown."""

    def __init__(self, stream: io.BufferedReader, limit: int, dialect: Dialect) -> None:
        self._lines = read_lines(stream, limit)
        self._limit = limit
        self._quotes = dialect.quotes
        self._utf8 = Utf8()
        # csv forgets a record it was in the middle of when the next one is asked for.
        self.rows = csv.reader(
            self,
            delimiter=dialect.delimiter,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if dialect.quotes else csv.QUOTE_NONE,
        )
        self.begin()

    def begin(self) -> None:
        self.first = self.last = self.size = self._marks = 0
        self.head = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._take()
        if not line.whole or self.size > self._limit:
            raise RecordProblem(too_large(self.size, self._limit))
        return self._utf8.decode(line.data, line.number)

    def _take(self) -> Line:
        line = next(self._lines)
        if not self.first:
            self.first, self.head = line.number, shown(line.data)
        self.last = line.number
        self.size += line.size
        self._marks += line.quotes
        return line

    def finish_broken(self) -> None:
        """Go to the end of a quoted field we gave up, so that its lines are never taken for records."""
        while self._quotes and self._marks % 2:
            try:
                self._take()
            except StopIteration:
                return
