"""A mail server that keeps what it is given: as much SMTP as smtplib speaks to it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Postbox(socketserver.ThreadingTCPServer):
    """`mails` are the bytes that came between DATA and the dot; `refuses` answers every recipient with 450."""

    daemon_threads = allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.mails: list[bytes] = []
        self.refuses = False
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"


class Conversation(socketserver.StreamRequestHandler):
    server: Postbox

    def handle(self) -> None:
        self._say("220 postbox")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                # A dot at the start of a line was doubled on its way.
                self.server.mails.append(b"".join(line.removeprefix(b".") for line in lines))
                self._say("250 kept")
            elif verb == b"QUIT":
                return self._say("221 bye")
            else:
                self._say("450 not now" if verb == b"RCPT" and self.server.refuses else "250 yes")
        return None

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def postbox() -> Iterator[Postbox]:
    with Postbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
