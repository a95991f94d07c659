"""What a browser keeps for when there is no network: one page and its style, never what a person was shown."""

from __future__ import annotations

import json
import re

from django.conf import settings
from django.test import Client


def test_the_offline_page_speaks_every_language_the_readers_first() -> None:
    page = Client().get("/offline", HTTP_ACCEPT_LANGUAGE="es").content.decode()
    assert page.index("No tienes conexión") < page.index("You are offline")
    assert re.findall(r'<section class="empty" lang="(\w+)"', page) == ["es", "en"]


def test_the_worker_keeps_the_offline_page_and_files_that_exist() -> None:
    answer = Client().get("/sw.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    found = re.search(r"const FILES = (\[.*\]);", answer.content.decode())
    assert found
    files = json.loads(found[1])
    assert files[0] == "/offline"
    assert len(files) > 3
    assert all(file.startswith(settings.STATIC_URL) for file in files[1:])
    style = set(
        re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', Client().get("/offline").content.decode())
    )
    assert style == set(files[1:])  # all that the page asks for, so that it looks like ours


def test_the_manifest_names_the_shop() -> None:
    answer = Client().get("/manifest.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert answer.json()["name"] == settings.SITE_NAME
