"""Whatever the encoding was, the readers see UTF-8 without a byte order mark."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.catalog.importing.streams import CHUNK, stream_of
from functions.catalog_import_chunk.records import ImportProblem, RecordProblem

# The longer marks first: UTF-32's begins with UTF-16's.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SURE_AFTER = 3


def as_utf8(stream: io.BufferedReader, encoding: str | None = None) -> io.BufferedReader:
    """Recode the stream. A byte order mark decides unless `encoding` is given. Raises ImportProblem."""
    head = stream.peek()
    mark = next((mark for mark in MARKS if head.startswith(mark)), b"")
    name = _known(encoding or MARKS.get(mark, "utf-8"))
    if name == "utf-8":
        stream.read(len(mark) if mark == codecs.BOM_UTF8 else 0)
        return stream
    return stream_of(_recoded(stream, name))


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise ImportProblem(
            _("There is no encoding called “%(name)s”. Often used ones: utf-8, latin-1, cp1252, utf-16.")
            % {"name": encoding}
        ) from error
    return "utf-8" if name == "utf-8-sig" else name


def _recoded(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    while True:
        piece = stream.read(CHUNK)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(encoding, "ignore").count("\n")
            raise ImportProblem(
                _(
                    "Line %(line)d is not %(encoding)s (%(reason)s). "
                    "Name the encoding the file was saved in: --encoding …"
                )
                % {"line": line, "encoding": encoding, "reason": error.reason}
            ) from error
        line += text.count("\n")
        yield text.encode("utf-8", "surrogatepass")
        if not piece:
            return


class Utf8:
    """Decodes line by line: one spoilt line costs one record, a wrong encoding stops the import."""

    def __init__(self) -> None:
        self._good = self._bad = 0

    def decode(self, data: bytes, line: int) -> str:
        """Raises RecordProblem, or ImportProblem once it is clear that the file is not UTF-8 at all."""
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            self._bad += 1
            reason = _(
                "Line %(line)d is not UTF-8 (byte 0x%(byte)02X at position %(position)d). "
                "If the file was saved in another encoding, name it: --encoding cp1252"
            ) % {"line": line, "byte": data[error.start], "position": error.start + 1}
            if self._bad >= SURE_AFTER and not self._good:
                raise ImportProblem(reason) from error
            raise RecordProblem(reason) from error
        if not text.isascii():
            self._good += 1
        if "\0" in text:
            raise RecordProblem(
                _("Line %(line)d holds NUL characters. If the file is UTF-16, say so: --encoding utf-16-le")
                % {"line": line}
            )
        return text
