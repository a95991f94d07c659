"""Purge by tag for nginx, which has none of its own: takes the pages that carry a tag out of its cache folder.

nginx writes what a service answered into a file, its headers with it. A file that is gone is a miss, and the service
is asked again: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_path
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from monolith.edge import HEADER, TAG

log = logging.getLogger(__name__)

CACHED = re.compile(r"[0-9a-f]{32}")  # the MD5 of a key; anything else is being written
KEY = b"\nKEY: "
HEAD_BYTES = 64 * 1024  # nginx keeps no larger head than its proxy_buffer_size
TAGS = re.compile(rb"^" + HEADER.encode() + rb":[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
MOST_TAGS = 1000


class CacheFolder:
    """The files of a proxy_cache_path. Knows which tags each has, and reads only those that are new to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[int, int, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def forget(self, tags: frozenset[str]) -> int:
        """Remove what carries one of them; how many files there were. Raises OSError where that is not allowed."""
        with self._lock:
            known, removed = {}, 0
            for path in self._files():
                try:
                    found = self._tags(path)
                    if found[2] & tags:
                        os.unlink(path)
                        removed += 1
                    else:
                        known[path] = found
                except FileNotFoundError:  # nginx was quicker
                    continue
            self._known = known
            return removed

    def _files(self) -> Iterator[str]:
        for folder, _folders, names in os.walk(self.folder, onerror=_unless_gone):
            yield from (os.path.join(folder, name) for name in names if CACHED.fullmatch(name))

    def _tags(self, path: str) -> tuple[int, int, frozenset[str]]:
        now = os.stat(path)
        known = self._known.get(path)
        if known and known[:2] == (now.st_ino, now.st_mtime_ns):
            return known
        with open(path, "rb") as opened:
            return now.st_ino, now.st_mtime_ns, tags_in(opened.read(HEAD_BYTES))


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def tags_in(beginning: bytes) -> frozenset[str]:
    """Of the beginning of a cached file: nginx's own binary part, the key, then the headers as they came."""
    _binary, _key, rest = beginning.partition(KEY)
    head, _end, _body = rest.partition(b"\r\n\r\n")
    found = (tag.strip() for line in TAGS.findall(head) for tag in line.decode("latin-1").split(","))
    return frozenset(tag for tag in found if tag)


class Handler(BaseHTTPRequestHandler):
    """Takes `PURGE` with the secret and the tags; nothing else."""

    server: Server
    server_version, sys_version = "purger", ""
    timeout = 10  # seconds for whoever sends slowly

    def do_PURGE(self) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            return self._say(
                HTTPStatus.FORBIDDEN, "Authorization does not hold the secret of EDGE_PURGE_TOKEN."
            )
        tags = frozenset(tag.strip() for tag in self.headers.get(HEADER, "").split(","))
        if len(tags) > MOST_TAGS or not all(TAG.fullmatch(tag) for tag in tags):
            return self._say(
                HTTPStatus.BAD_REQUEST,
                f"{HEADER} names the pages to forget, at most {MOST_TAGS} tags by commas.",
            )
        try:
            removed = self.server.cache.forget(tags)
        except OSError as error:
            log.error("the cache folder can't be purged: %s", error)
            return self._say(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                f"The cache folder can't be purged ({error.strerror}); run the purger as the user nginx runs as.",
            )
        return self._say(HTTPStatus.OK, f"{removed} forgotten")

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        body = f"{sentence}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form: str, *values: object) -> None:
        log.info(form, *values)


class Server(ThreadingHTTPServer):
    """Listens until `shutdown`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], cache: CacheFolder, token: str) -> None:
        self.cache, self.token = cache, token
        super().__init__(address, Handler)
