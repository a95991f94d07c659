"""deploy/varnish/site.vcl on a real Varnish, as far as the site relies on it."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from monolith.edge import Purging, cache_control, read
from seam.wire import Unavailable
from tests.deploy.upstreams import Upstream, upstream
from tests.servers import ROOT, Server, free_port, sbin_path, temporary_folder

TOKEN = "what-only-the-site-and-its-cache-know-0123"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("varnishd", path=sbin_path()), reason="varnish is missing: apt-get install varnish"
    ),
]


def page(handler: Any, running: Upstream) -> None:
    """A page of the site, which tells which request made it and in which language it was asked for."""
    asked = handler.headers
    own = "session=" in asked.get("Cookie", "")
    language = asked.get("Cookie", "").partition("django_language=")[2] or asked.get("Accept-Language", "")
    body = f"{len([seen for seen in running.seen if seen.path != '/livez'])} {language}".encode()
    handler.send_response(200)
    handler.send_header(
        "Cache-Control", "private, no-cache" if own else cache_control(1 if "q=1" in handler.path else 99)
    )
    handler.send_header("Cache-Tag", "catalog,listing-1,item-1")
    handler.send_header("Vary", "Accept-Encoding, Accept-Language, Cookie")
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)


@dataclass
class Varnish:
    port: int
    site: ExitStack

    def ask(self, path: str = "/", **headers: str) -> tuple[str, str]:
        """What is shown, and HIT or MISS."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(
                "GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()}
            )
            answer = connection.getresponse()
            assert answer.headers["Cache-Tag"] is None
            return answer.read().decode(), answer.headers["X-Cache"]
        finally:
            connection.close()

    def cache(self, token: str = TOKEN) -> Purging:
        found = read(f"http://127.0.0.1:{self.port}", token)
        assert found
        return Purging(found)


@pytest.fixture
def varnish() -> Iterator[Varnish]:
    with ExitStack() as stack, ExitStack() as site:
        running = site.enter_context(upstream("site", page))
        folder = stack.enter_context(temporary_folder("varnish"))
        text = (ROOT / "deploy" / "varnish" / "site.vcl").read_text()
        text = text.replace('"8000"', f'"{running.port}"').replace("THE-SECRET", TOKEN)
        (folder / "site.vcl").write_text(re.sub(r"interval = 2s", "interval = 0.3s", text))
        port = free_port()
        command = [
            "varnishd",
            "-F",
            "-f",
            f"{folder}/site.vcl",
            "-a",
            f"127.0.0.1:{port}",
            "-s",
            "malloc,16m",
        ]
        command += ["-n", f"{folder}/work", "-j", "none"]
        server = Server(
            command, port, folder / "log", os.environ | {"PATH": f"{sbin_path()}:{os.environ['PATH']}"}
        )
        stack.enter_context(server.running())
        yield Varnish(port, site)


def test_what_is_everybodys_is_kept_by_language_until_its_tag_is_purged(varnish: Varnish) -> None:
    assert varnish.ask(Accept_Language="es-MX,es;q=0.9") == ("1 es", "MISS")
    assert varnish.ask(Accept_Language="es-AR", Cookie="theme=dark; csrf=x") == ("1 es", "HIT")
    assert varnish.ask(Accept_Language="es", Cookie="a=b; django_language=en") == ("2 en", "MISS")
    varnish.cache().forget(["item-11", "listing-12"])
    assert varnish.ask(Accept_Language="es") == ("1 es", "HIT"), "another tag"
    varnish.cache().forget(["listing-9", "listing-1"])
    assert varnish.ask(Accept_Language="es") == ("3 es", "MISS")


def test_whoever_is_signed_in_is_passed_on(varnish: Varnish) -> None:
    for number in (1, 2):
        assert varnish.ask("/items/x", Cookie="a=b; __Host-session=1") == (f"{number} ", "MISS")
    assert varnish.ask("/items/x") == ("3 ", "MISS")
    assert varnish.ask("/items/x", Authorization="Bearer x")[1] == "MISS"
    assert varnish.ask("/items/x") == ("3 ", "HIT")
    assert [varnish.ask("/editor/")[1] for _ in range(2)] == ["MISS", "MISS"]


def test_without_the_secret_nothing_is_purged(varnish: Varnish) -> None:
    with pytest.raises(Unavailable, match="EDGE_PURGE_TOKEN may not purge"):
        varnish.cache(f"another-{TOKEN}").forget(["catalog"])


def test_while_the_site_is_down_what_was_there_is_shown(varnish: Varnish) -> None:
    assert varnish.ask("/search?q=1") == ("1 ", "MISS")
    varnish.site.close()
    time.sleep(2.5)
    assert varnish.ask("/search?q=1") == ("1 ", "HIT")
