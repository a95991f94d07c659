"""The storage a job gives its function: the files it names, each behind a URL that ends soon."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT = 30
MOST_BYTES = 256 * 1024**2


class NotNamed(PermissionError):
    """The job names no such file."""


class UrlStorage:
    """Reads by GET what `read` names (name: URL), writes by PUT what `write` names (name: URL and content type)."""

    def __init__(self, read: Mapping[str, str], write: Mapping[str, Mapping[str, str]]) -> None:
        self._read, self._write = dict(read), dict(write)

    def read(self, name: str) -> bytes:
        """Raises NotNamed, FileNotFoundError, or OSError for whatever keeps it from being read."""
        if name not in self._read:
            raise NotNamed(f"The job gives nothing called {name!r} to read.")
        return _ask(urllib.request.Request(_checked(self._read[name])), name)

    def write(self, name: str, content: bytes, content_type: str) -> None:
        """Keep `content` under `name`, in place of what is there. Raises NotNamed or OSError."""
        if name not in self._write or self._write[name].get("content_type") != content_type:
            raise NotNamed(f"The job lets nothing called {name!r} be written as {content_type}.")
        headers = {"Content-Type": content_type}
        url = _checked(self._write[name]["url"])
        _ask(urllib.request.Request(url, data=content, method="PUT", headers=headers), name)


def _checked(url: Any) -> str:
    """urllib would open file: and ftp: too."""
    if not str(url).startswith(("http://", "https://")):
        raise NotNamed("A file of a job must be behind http:// or https://.")
    return str(url)


def _ask(request: urllib.request.Request, name: str) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            raise FileNotFoundError(name) from None
        # What the URL says besides is a permission, and stays out of logs.
        raise OSError(f"{request.method or 'GET'} of {name!r} was answered with {error.code}.") from None
    if len(content) > MOST_BYTES:
        raise OSError(f"{name!r} has more than {MOST_BYTES} bytes.")
    return content
