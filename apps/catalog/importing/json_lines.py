"""JSON lines: one object a line. A line that can't be read costs that line only."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.importing.encodings import Utf8
from apps.catalog.importing.lines import Line, read_lines
from functions.catalog_import_chunk.records import Outcome, Record, RecordProblem, Rejected, shown


def read_json_lines(stream: io.BufferedReader, limit: int) -> Iterator[Outcome]:
    utf8 = Utf8()
    for line in read_lines(stream, limit):
        if line.data.isspace():
            continue
        try:
            yield Record(line.number, _object(line, utf8, limit), line.size)
        except RecordProblem as problem:
            yield Rejected(line.number, str(problem), shown(line.data))


def _object(line: Line, utf8: Utf8, limit: int) -> dict[str, Any]:
    if not line.whole:
        raise RecordProblem(too_large(line.size, limit))
    text = utf8.decode(line.data, line.number)
    try:
        return as_object(DECODER.decode(text))
    except json.JSONDecodeError as error:
        raise RecordProblem(
            _("Line %(line)d is not valid JSON: %(error)s at position %(position)d.")
            % {"line": line.number, "error": error.msg, "position": error.pos + 1}
        ) from error
    except (ValueError, RecursionError) as error:
        raise RecordProblem(unreadable(error)) from error


def as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecordProblem(_("A record must be a JSON object, {…}; this one is not."))
    return value


def too_large(size: int, limit: int) -> str:
    return _(
        "The record is %(size)s MB; at most %(limit)s MB are read. "
        "Shorten it, or allow more with --max-record-mb."
    ) % {"size": f"{size / 1e6:.1f}", "limit": f"{limit / 1e6:.1f}"}


def unreadable(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _("The record is nested too deeply.")
    return _("The record can't be read: %(error)s.") % {"error": error}


def _no_constant(name: str) -> Any:
    raise ValueError(_("%(name)s is not a JSON value") % {"name": name})


DECODER = json.JSONDecoder(parse_constant=_no_constant)
