"""CDN_URL: static files and pictures on another host, and pages that browsers show whole from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.test import Client
from playwright.sync_api import Page

from apps.catalog import metadata
from monolith.edge import cdn
from monolith.prefixes import PREFIXES
from tests.servers import ROOT, free_port, site
from tests.topologies import gateway

CDN = "https://cdn.example"
TELL = """
import json, django
django.setup()
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
page, worker = Client().get("/offline"), Client().get("/sw.js")
told = {"static": settings.STATIC_URL, "csp": page.headers["Content-Security-Policy"]}
told |= {"page": page.content.decode(), "worker": worker.content.decode()}
print(json.dumps(told | {"icon": render_to_string("web/icon.html", {"name": "heart"})}))
"""


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("cdn.example", "a scheme and a host"),
        ("https://cdn.example/files", "no path"),
        ("https://cdn.example; script-src *", "a scheme and a host"),
        ("https://user@cdn.example", "a scheme and a host"),
        ("https://cdn.example:port", "a scheme and a host"),
        ("https://[::1", "a scheme and a host"),
        ("http://cdn.example", "https:// as SITE_URL does"),
    ],
)
def test_what_can_not_be_used_gets_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        cdn(url, secure=True)


def test_what_can_is_taken_as_it_is() -> None:
    assert cdn("", secure=True) == ""
    assert cdn("https://cdn.example:8443/", secure=True) == "https://cdn.example:8443"
    assert cdn("http://127.0.0.1:8001", secure=False) == "http://127.0.0.1:8001"


def test_pictures_are_named_there_icons_are_not(settings: Any) -> None:
    shown = Template("{% load cdn %}{{ set|cdn }} {% static_here 'web/icons.svg' %}")
    both = Context({"set": "/media/r/ab/1.webp 320w, /media/r/ab/2.webp 640w"})
    assert shown.render(both) == "/media/r/ab/1.webp 320w, /media/r/ab/2.webp 640w /static/web/icons.svg"
    settings.CDN_URL = CDN
    there = f"{CDN}/media/r/ab/1.webp 320w, {CDN}/media/r/ab/2.webp 640w /static/web/icons.svg"
    assert shown.render(both) == there
    item = {
        "title": "x",
        "description": "",
        "crumbs": [],
        "pictures": [{"fallback_src": "/media/r/ab/1.jpg"}],
    }
    assert metadata.of_item("x", item, None, "")["image"] == f"{CDN}/media/r/ab/1.jpg"


def test_the_host_of_a_file_is_nobodys_business() -> None:
    """A CDN may ask by a name of its own."""
    missing = Client().get(f"/media/r/{'a' * 64}/1.webp", headers={"host": "cdn.example"})
    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store"


@pytest.mark.slow
def test_the_policy_follows_and_so_does_what_is_kept_for_offline() -> None:
    env = os.environ | {"CDN_URL": CDN, "SITE_URL": "https://shop.example", "ENV_FILE": os.devnull}
    env["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    ran = subprocess.run(
        [sys.executable, "-c", TELL], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    told = json.loads(ran.stdout.splitlines()[-1])
    policy = dict(part.strip().split(" ", 1) for part in told["csp"].split(";"))
    assert told["static"] == f"{CDN}/static/"
    for kind in ("script-src", "style-src", "font-src", "connect-src"):
        assert policy[kind] == f"'self' {CDN}", kind
    assert policy["img-src"] == f"'self' {CDN} data: blob:"
    assert policy["form-action"] == policy["manifest-src"] == "'self'"
    assert f'href="{CDN}/static/web/css/base.css"' in told["page"]
    assert f'"{CDN}/static/web/css/base.css"' in told["worker"]
    assert '<use href="/static/web/icons.svg#heart"/>' in told["icon"]


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_shows_a_page_whose_files_are_elsewhere(page: Page) -> None:
    """The site is at localhost, its files at 127.0.0.1: another site for browsers."""
    port = free_port()
    elsewhere = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        running = stack.enter_context(site({"CDN_URL": elsewhere, "DEMO_DATA": "false"}))
        stack.enter_context(gateway(dict.fromkeys(PREFIXES, running.url.removeprefix("http://")), port=port))
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.goto(f"{running.url}/search", wait_until="networkidle")
        assert wrong == []
        asked = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
        assert sum(one.startswith(f"{elsewhere}/static/") for one in asked) >= 5
        assert page.evaluate("typeof htmx") == "object", "scripts run"
        assert page.evaluate("document.querySelector('svg.icon use').getBBox().width") > 0, "icons are drawn"
        page.wait_for_function("navigator.serviceWorker.ready.then((ready) => !!ready.active)")
        keys = "caches.keys().then((names) => caches.open(names[0])).then((kept) => kept.keys())"
        assert page.evaluate(f"{keys}.then((all) => all.length)") > 3, "and kept for when there is no network"
        style = next(one for one in asked if one.endswith(".css"))
        with urllib.request.urlopen(style, timeout=20) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
