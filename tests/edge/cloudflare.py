"""Cloudflare's purge API on loopback, as strict as the real one; and a cache that takes PURGE."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ZONE = "0123456789abcdef0123456789abcdef"
TOKEN = "what-only-the-site-and-its-cache-know-0123"


@dataclass
class Double:
    """`forgotten`: the tags of each request that was right; `wrong`: why others weren't. `says`: an answer instead."""

    port: int = 0
    forgotten: list[list[str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    says: tuple[int, dict[str, str], str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def cloudflare_complaint(request: Any, body: bytes) -> tuple[int, str]:
    """Status and what Cloudflare would say of it; 200 where nothing is wrong."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return 403, "Authentication error"
    if (request.command, request.path) != ("POST", f"/client/v4/zones/{ZONE}/purge_cache"):
        return 404, f"No route for {request.command} {request.path}"
    if request.headers.get("Content-Type") != "application/json":
        return 415, "Content-Type must be application/json"
    try:
        said = json.loads(body)
    except ValueError:
        return 400, "Malformed JSON"
    if not isinstance(said, dict) or list(said) != ["tags"] or not isinstance(said["tags"], list):
        return 400, "Exactly one of tags, files, hosts … must be given"
    if not 1 <= len(said["tags"]) <= 100:
        return 400, "1 to 100 operations in one request"
    if not all(
        isinstance(tag, str) and 0 < len(tag) <= 1024 and tag.isascii() and " " not in tag
        for tag in said["tags"]
    ):
        return 400, "Unusable tag"
    return 200, ""


@contextmanager
def cloudflare() -> Iterator[Double]:
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, complaint = cloudflare_complaint(self, body)
            if double.says:
                status, headers, text = double.says
            else:
                headers, text = (
                    {},
                    json.dumps({"success": status == 200, "errors": [complaint] if complaint else []}),
                )
                if complaint:
                    double.wrong.append(complaint)
                else:
                    double.forgotten.append(json.loads(body)["tags"])
            self.send_response(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(text))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    with serving(Handler, double):
        yield double


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], double: Double) -> Iterator[None]:
    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as server:
        double.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
