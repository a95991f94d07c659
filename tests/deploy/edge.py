"""A real site behind a real nginx that keeps pages, with TLS and HTTP/2, and what asks it."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from monolith.prefixes import PREFIXES
from tests.servers import Server, Site, free_port, site, temporary_folder
from tests.topologies import gateway

TOKEN = "the-site-and-its-cache-know-this-0123456789"
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
ITEM = """
import sys, django
django.setup()
from apps.catalog import service
from apps.catalog.drafts import Draft
from apps.catalog.models import Item
title, wanted = sys.argv[1:3]
known = Item.objects.filter(slug="boat").first()
draft = Draft(title=title, slug="boat", translations={"es": {"title": "Barco"}})
if wanted == "gone":
    service.withdraw_item(known.pk)
elif known:
    service.change_item(known.pk, draft)
    service.publish_item(known.pk)
else:
    service.create_item(draft, published=True)
import time
print(time.time())
"""
PERSON = """
import django
django.setup()
from apps.auth import service
from apps.auth.contract import Role
who = {"email": "alice@example.com", "password": "quite a long secret 7", "name": "Alice Only"}
service.register_person(**who, role=Role.EDITOR, confirmed=True)
"""

TOLD = """
import time, django
django.setup()
from apps.catalog.models import Job, OutboxEvent
ends = time.monotonic() + 60
while any(model.objects.exclude(status="done").exclude(name="catalog.heartbeat") for model in (OutboxEvent, Job)):
    assert time.monotonic() < ends, "the cache has not been told within a minute"
    time.sleep(0.1)
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def kept(self) -> str:
        """MISS, HIT, STALE, UPDATING, EXPIRED, BYPASS or nothing, as nginx says."""
        return self.headers.get("x-cache", "")


@dataclass
class Visitor:
    """Somebody with a browser: keeps cookies; asks for pages that are not compressed unless told."""

    port: int
    trust: ssl.SSLContext
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Host", f"localhost:{self.port}")
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        connection = HTTPSConnection("localhost", self.port, timeout=60, context=self.trust)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            got = [(name.lower(), value) for name, value in response.getheaders()]
        finally:
            connection.close()
        for name, value in got:
            if name == "set-cookie":
                self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        return Answer(response.status, dict(got), text)

    def sign_in(self, email: str, password: str) -> Answer:
        form = FORM_TOKEN.search(self.ask("/accounts/login/").body)
        assert form
        fields = {"csrfmiddlewaretoken": form[1], "login": email, "password": password}
        return self.ask(
            "/accounts/login/",
            "POST",
            urlencode(fields),
            Content_Type="application/x-www-form-urlencoded",
            Referer=f"https://localhost:{self.port}/accounts/login/",
            Origin=f"https://localhost:{self.port}",
        )


@dataclass
class Edge:
    """`folder` holds what nginx keeps."""

    site: Site
    port: int
    folder: Path
    certificate: Path

    def visitor(self) -> Visitor:
        return Visitor(self.port, ssl.create_default_context(cafile=str(self.certificate)))

    def item(self, title: str, wanted: str = "") -> float:
        """Create or change the one item, or let it be "gone"; when that was done."""
        return float(
            self.site.python(f"import os, sys\nsys.path.insert(0, os.getcwd())\n{ITEM}", title, wanted)
        )

    def told(self) -> None:
        """Returns when the cache was told of all that changed: what it keeps from then on it keeps."""
        self.site.python(f"import os, sys\nsys.path.insert(0, os.getcwd())\n{TOLD}")

    def kept_files(self) -> list[bytes]:
        return [path.read_bytes() for path in self.folder.rglob("*") if path.is_file()]


def certificate(folder: Path) -> tuple[Path, Path]:
    pair = folder / "certificate.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    subprocess.run([*make, "-out", str(pair[0]), "-keyout", str(pair[1])], check=True, capture_output=True)
    return pair


@contextmanager
def edge() -> Iterator[Edge]:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("edge"))
        (tls := folder / "tls").mkdir()
        pair, port, told_at = certificate(tls), free_port(), free_port()
        env = {
            "DJANGO_SETTINGS_MODULE": "monolith.settings",
            "SITE_URL": f"https://localhost:{port}",
            "TRUSTED_PROXIES": "1",
            "DEMO_DATA": "false",
            "EDGE_PURGE_URL": f"http://127.0.0.1:{told_at}",
            "EDGE_PURGE_TOKEN": TOKEN,
        }
        running = stack.enter_context(site(env))
        options = [f"--certificate={pair[0]}", f"--key={pair[1]}", f"--cache={folder}/kept"]
        address = running.url.removeprefix("http://")
        stack.enter_context(gateway(dict.fromkeys(PREFIXES, address), *options, port=port))
        command = [
            sys.executable,
            "manage.py",
            "purger",
            f"--cache={folder}/kept",
            f"--listen=127.0.0.1:{told_at}",
        ]
        stack.enter_context(Server(command, told_at, folder / "purger.log", running.env).running())
        yield Edge(running, port, folder / "kept", pair[0])


def until(right: Callable[[], bool], seconds: float = 30) -> float:
    """When it became so. Raises TimeoutError."""
    ends = time.monotonic() + seconds
    while not right():
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)
    return time.time()
