"""Where the bytes come from: a path, an http(s) URL, or standard input; counted as they are read."""

from __future__ import annotations

import http.client
import io
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from apps.catalog.importing.streams import CHUNK, stream_of
from functions.catalog_import_chunk.records import ImportProblem

TIMEOUT = 30
REDIRECTS = 5


@dataclass
class Source:
    """`size` in bytes as stored (compressed), None when nobody says; `done` of them were read so far.

    `folder`: where files named by the records are looked for; None when the source is not a file.
    """

    name: str
    size: int | None
    folder: Path | None
    _raw: IO[bytes]
    done: int = 0
    stream: io.BufferedReader = field(init=False)

    def __post_init__(self) -> None:
        self.stream = stream_of(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        try:
            while piece := self._raw.read(CHUNK):
                self.done += len(piece)
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise ImportProblem(
                _("Reading %(name)s broke off after %(bytes)d bytes (%(error)s). Run the same command again.")
                % {"name": self.name, "bytes": self.done, "error": error}
            ) from error
        # http.client ends silently when a connection is closed early.
        if self.size is not None and self.done < self.size:
            raise ImportProblem(
                _("%(name)s ended after %(done)d of %(size)d bytes. Run the same command again.")
                % {"name": self.name, "done": self.done, "size": self.size}
            )


@contextmanager
def open_source(where: str) -> Iterator[Source]:
    """Open a path, an http(s) URL, or `-` for standard input. Raises ImportProblem."""
    if where == "-":
        yield _standard_input()
    elif "://" in where:
        with _answer(where) as answer:
            yield Source(_shown(where), _size(answer), None, answer)
    else:
        with _file(Path(where)) as file:
            yield Source(where, os.fstat(file.fileno()).st_size or None, Path(where).parent, file)


def _standard_input() -> Source:
    if sys.stdin.isatty():
        raise ImportProblem(
            _("Nothing is piped in. Use it like this: cat items.csv | manage.py import_catalog - …")
        )
    return Source(_("standard input"), None, None, sys.stdin.buffer)


def _file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImportProblem(
            _(
                "%(path)s can't be opened: %(reason)s. "
                "Check the name, or give a file, a URL, or - for standard input."
            )
            % {"path": path, "reason": reason}
        ) from error


def _shown(url: str) -> str:
    # Neither a password nor a signed query belongs on a screen or in a log.
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _size(answer: http.client.HTTPResponse) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _answer(url: str) -> http.client.HTTPResponse:
    if url.partition("://")[0].lower() not in ("http", "https"):
        raise ImportProblem(
            _("Only http:// and https:// addresses can be read, not %(url)s.") % {"url": _shown(url)}
        )
    try:
        # The server must not compress on the fly, or the size would not be the file's.
        headers = {"Accept-Encoding": "identity", "User-Agent": "Offshoot"}
        return _opener().open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        reason: Any = f"{error.code} {error.reason}"
        error.close()
    except URLError as error:
        reason = error.reason
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error
    raise ImportProblem(
        _("%(url)s can't be read: %(reason)s. Check the address in a browser, or download the file first.")
        % {"url": _shown(url), "reason": reason}
    )


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise URLError(
                _("it redirects to %(url)s, which is not safe to follow") % {"url": _shown(newurl)}
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    # build_opener() would also open file:, ftp: and data: addresses.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        opener.add_handler(handler())
    return opener
