"""gzip and zstd, told by their first bytes and unpacked in bounded pieces; the rest gets a sentence."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

import zstandard
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.importing.streams import CHUNK, stream_of
from functions.catalog_import_chunk.records import ImportProblem

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
# A zstd block of 4 bytes unpacks to at most 128 KiB, so this many bytes give at most 16 MiB at a time.
ZSTD_PIECE = 512
# What the zstd tool itself accepts without being asked: 128 MiB.
ZSTD_WINDOW = 1 << 27
OTHERS = {
    b"PK\x03\x04": gettext_lazy("a ZIP archive or an Excel workbook"),
    b"\xd0\xcf\x11\xe0": gettext_lazy("an old Excel workbook"),
    b"BZh": gettext_lazy("a bzip2 archive"),
    b"\xfd7zXZ\x00": gettext_lazy("an xz archive"),
    b"7z\xbc\xaf\x27\x1c": gettext_lazy("a 7z archive"),
    b"%PDF": gettext_lazy("a PDF"),
    b"SQLite format 3": gettext_lazy("an SQLite database"),
    b"PAR1": gettext_lazy("a Parquet file"),
}


def decompressed(stream: io.BufferedReader) -> io.BufferedReader:
    """The stream itself, or what is packed in it. Raises ImportProblem for a container we can't unpack."""
    head = stream.peek()
    if head.startswith(GZIP):
        return stream_of(_checked(_gunzip(stream)))
    if head.startswith(ZSTD):
        return stream_of(_checked(_unzstd(stream)))
    for magic, kind in OTHERS.items():
        if head.startswith(magic):
            raise ImportProblem(
                _(
                    "The file is %(kind)s. Save or unpack it as CSV, TSV or JSON; "
                    "those may be compressed by gzip or zstd."
                )
                % {"kind": kind}
            )
    return stream


def _gunzip(stream: io.BufferedReader) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream) as file:
        yield from iter(lambda: file.read1(CHUNK), b"")


def _unzstd(stream: io.BufferedReader) -> Iterator[bytes]:
    # zstandard's stream_reader ends silently when a file was cut off; decompressobj tells.
    packed = stream.read(ZSTD_PIECE)
    while packed:
        frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
        while packed and not frame.eof:
            yield frame.decompress(packed)
            packed = frame.unused_data if frame.eof else stream.read(ZSTD_PIECE)
        if not frame.eof:
            raise EOFError
        packed = packed or stream.read(ZSTD_PIECE)


def _checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except EOFError as error:
        raise ImportProblem(
            _("The compressed file is cut off. Download or copy it again; what came before the cut was read.")
        ) from error
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise ImportProblem(
            _("The compressed file is damaged (%(error)s). Download or copy it again.") % {"error": error}
        ) from error
