"""Web processes of a few lines, to see what the gateway sends to whom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Seen:
    method: str
    path: str
    headers: Message
    length: int


@dataclass
class Upstream:
    """Answers every request with its name; `seen` is what it was asked, `connections` how often it was connected to."""

    name: str
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def answer(handler: Any, upstream: Upstream) -> None:
    body = upstream.name.encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def hang_up(handler: Any, upstream: Upstream) -> None:
    """Dies with the request in hand: nobody knows whether it was carried out."""
    handler.close_connection = True


def not_found(handler: Any, upstream: Upstream) -> None:
    handler.send_error(404)


@contextmanager
def upstream(name: str, reply: Callable[[Any, Upstream], None] = answer) -> Iterator[Upstream]:
    """One that replies as told, on a free port of its own."""
    running = Upstream(name)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            running.connections += 1

        def take(self) -> None:
            length = left = int(self.headers.get("Content-Length", 0))
            while left:
                left -= len(self.rfile.read(min(left, 1 << 16)))
            running.seen.append(Seen(self.command, self.path, self.headers, length))
            reply(self, running)

        def log_message(self, *args: object) -> None:
            pass

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler.take)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 100

    with Server(("127.0.0.1", 0), Handler) as server:
        running.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
