"""A JSON array of objects, read one object at a time; memory is bounded by the largest record allowed.

ijson was measured and not taken: it holds a string of any length whole and can't go on after a bad record
(docs/decisions/0050).
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.catalog.importing.json_lines import DECODER, as_object, too_large, unreadable
from apps.catalog.importing.streams import CHUNK
from functions.catalog_import_chunk.records import (
    ImportProblem,
    Outcome,
    Record,
    RecordProblem,
    Rejected,
    shown,
)

GAP = re.compile(r"[\s,]*")
OUTSIDE_STRING = re.compile(r'["{}\[\],]')
INSIDE_STRING = re.compile(r'"|\\.?', re.DOTALL)
CLOSERS = {"{": "}", "[": "]"}
MAX_DEPTH = 100_000


def read_json_array(stream: io.BufferedReader, limit: int) -> Iterator[Outcome]:
    text = _Window(stream)
    if text.skip_gap() != "[":
        raise ImportProblem(
            _(
                "The file does not hold a JSON list, […]. Give JSON lines, or take the list out of it: "
                "jq -c '.items[]' file"
            )
        )
    text.drop(1)
    while (first := text.skip_gap()) != "]":
        if not first:
            raise ImportProblem(
                _("The JSON list is never closed: the file is cut off. Download or copy it again.")
            )
        yield _record(text, limit)
    text.drop(1)
    if text.skip_gap():
        raise ImportProblem(
            _("Something follows the end of the JSON list in line %(line)d.") % {"line": text.line}
        )


def _record(text: _Window, limit: int) -> Outcome:
    line, head = text.line, ""
    try:
        while True:
            try:
                value, end = DECODER.raw_decode(text.held, text.at)
                break
            except json.JSONDecodeError:  # broken, or not all of it is here yet
                if text.left > limit or not text.more():
                    raise
        size, head = end - text.at, text.held[text.at : text.at + CHUNK]
        spoilt = not _encodable(text.held[text.at : end])
        text.drop(size)
        if size > limit:
            raise RecordProblem(too_large(size, limit))
        if spoilt:
            raise RecordProblem(
                _(
                    "The record is not UTF-8. If the file was saved in another encoding, name it: "
                    "--encoding cp1252"
                )
            )
        return Record(line, as_object(value), size)
    except RecordProblem as problem:
        return Rejected(line, str(problem), shown(head))
    except (ValueError, RecursionError) as error:
        return _skipped(text, error, limit)


def _encodable(text: str) -> bool:
    # Bytes that are no UTF-8 were kept as lone surrogates.
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _skipped(text: _Window, error: Exception, limit: int) -> Rejected:
    line, head = text.line, text.held[text.at : text.at + CHUNK]
    size = _skip_value(text)
    if size > limit:
        reason = too_large(size, limit)
    elif isinstance(error, json.JSONDecodeError):
        reason = _("Not valid JSON: %(error)s.") % {"error": error.msg}
    else:
        reason = unreadable(error)
    return Rejected(line, reason, shown(head), text.line)


class _Window:
    """The part of the text that is in memory. `at`: where we are in it; `position`: in the whole text."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.held, self.at = "", 0
        self.line, self.position = 1, 0

    @property
    def left(self) -> int:
        return len(self.held) - self.at

    def more(self) -> bool:
        """Read at least as much again as is held, so that a long record costs few attempts."""
        piece = self._stream.read(max(CHUNK, self.left))
        self.held = self.held[self.at :] + self._decoder.decode(piece, final=not piece)
        self.at = 0
        return bool(piece)

    def drop(self, count: int) -> None:
        self.line += self.held.count("\n", self.at, self.at + count)
        self.at += count
        self.position += count

    def skip_gap(self) -> str:
        """Go to the next thing that is neither space nor comma; "" at the end of the file."""
        while True:
            match = GAP.match(self.held, self.at)
            self.drop(match.end() - self.at if match else 0)
            if self.left:
                return self.held[self.at]
            if not self.more():
                return ""

    def next_mark(self) -> str:
        """Go to the next bracket or comma that is in no string; "" at the end of the file."""
        in_string = False
        while True:
            match = (INSIDE_STRING if in_string else OUTSIDE_STRING).search(self.held, self.at)
            if match is None or match[0] == "\\":  # a backslash waits for what it escapes
                self.drop((match.start() if match else len(self.held)) - self.at)
                if not self.more():
                    return ""
            elif in_string or match[0] == '"':
                self.drop(match.end() - self.at)
                in_string ^= match[0] == '"'
            else:
                self.drop(match.start() - self.at)
                return match[0]


def _skip_value(text: _Window) -> int:
    """Leave out one value by its brackets alone, however large; how many characters it had."""
    line, start = text.line, text.position
    closers: list[str] = []
    while (mark := text.next_mark()) and len(closers) < MAX_DEPTH:
        if not closers and mark in ",]}":
            return text.position - start
        text.drop(1)
        if mark in CLOSERS:
            closers.append(CLOSERS[mark])
        elif mark != "," and closers.pop() != mark:
            break
        if not closers:
            return text.position - start
    raise ImportProblem(_never_ends(line))


def _never_ends(line: int) -> str:
    return _(
        "The record that begins in line %(line)d never ends: a bracket or a quotation mark is missing, "
        "and where the next one begins can't be told. Mend that line and run the same command again."
    ) % {"line": line}
