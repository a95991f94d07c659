"""manage.py purger: beside nginx as a cache, takes pages out of its folder when the site says so."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monolith.edge import TOKEN_LENGTH
from monolith.purger import CacheFolder, Server
from seam.loop import until_told_to_stop


class Command(BaseCommand):
    help = (
        "Take PURGE requests with tags and the secret of EDGE_PURGE_TOKEN, and remove the pages that carry one of them "
        "from nginx's cache folder, until SIGTERM. Run it on nginx's machine, as the user nginx runs as."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cache", type=Path, required=True, metavar="FOLDER", help="that of proxy_cache_path"
        )
        parser.add_argument(
            "--listen",
            default="127.0.0.1:8081",
            metavar="ADDRESS:PORT",
            help="where to listen (127.0.0.1:8081)",
        )

    def handle(self, *args: Any, cache: Path, listen: str, **options: Any) -> None:
        token = settings.EDGE_PURGE_TOKEN
        if len(token) < TOKEN_LENGTH:
            raise CommandError(
                f"EDGE_PURGE_TOKEN must be set to what the site has, at least {TOKEN_LENGTH} characters: without it "
                "anybody could empty the cache."
            )
        if not cache.is_dir() or not os.access(cache, os.R_OK | os.W_OK | os.X_OK):
            raise CommandError(
                f"{cache} is no folder this user may write to. It is made by nginx when that starts."
            )
        stop = until_told_to_stop()
        with self._server(listen, CacheFolder(cache), token) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.stdout.write(f"purger: {cache}, told at {listen}")
            stop.wait()
            server.shutdown()
        self.stdout.write("purger: stopped")

    def _server(self, listen: str, cache: CacheFolder, token: str) -> Server:
        host, _colon, port = listen.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise CommandError(f"--listen {listen!r} must be an address and a port such as 127.0.0.1:8081.")
        try:
            return Server((host.strip("[]"), int(port)), cache, token)
        except OSError as error:
            raise CommandError(f"{listen} can't be listened on ({error.strerror}).") from error
