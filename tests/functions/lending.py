"""A storage in memory that lends URLs, each for one file and one verb, as S3 and media's own web process do."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage


@dataclass
class Loan:
    verb: str
    name: str
    content_type: str = ""


class LendingMemory(Storage):
    """`files` is what it holds. A URL that was not lent, or is used for something else, is answered with 403."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.loans: dict[str, Loan] = {}
        self.port = 0

    def exists(self, name: str) -> bool:
        return name in self.files

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _open(self, name: str, mode: str = "rb") -> ContentFile:
        if name not in self.files:
            raise FileNotFoundError(name)
        return ContentFile(self.files[name])

    def _save(self, name: str, content: Any) -> str:
        self.files[name] = content.read()
        return name

    def delete(self, name: str) -> None:
        self.files.pop(name, None)

    def url_to_read(self, name: str, *, seconds: int) -> str:
        return self._lend(Loan("GET", name))

    def url_to_write(self, name: str, *, seconds: int, content_type: str) -> str:
        return self._lend(Loan("PUT", name, content_type))

    def _lend(self, loan: Loan) -> str:
        token = secrets.token_hex(8)
        self.loans[f"/{token}"] = loan
        return f"http://127.0.0.1:{self.port}/{token}"


class Request(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        loan = self.server.storage.loans.get(self.path)
        if loan is None or loan.verb != "GET":
            self._say(403)
        elif loan.name not in self.server.storage.files:
            self._say(404)
        else:
            self._say(200, self.server.storage.files[loan.name])

    def do_PUT(self) -> None:
        loan = self.server.storage.loans.get(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if loan is None or loan.verb != "PUT" or self.headers["Content-Type"] != loan.content_type:
            self._say(403)
        else:
            self.server.storage.files[loan.name] = body
            self._say(200)

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    storage: LendingMemory


@contextmanager
def lending() -> Iterator[LendingMemory]:
    """The storage, its URLs answered while the block runs."""
    with Server(("127.0.0.1", 0), Request) as server:
        server.storage = LendingMemory()
        server.storage.port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.storage
        server.shutdown()
