"""A real nginx as the cache in front of a real site: what it keeps, for whom, and how soon it forgets."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from monolith.edge import cache_control
from monolith.prefixes import PREFIXES
from tests.deploy.edge import PERSON, Edge, edge, until
from tests.deploy.upstreams import Upstream, upstream
from tests.servers import free_port, temporary_folder
from tests.topologies import gateway

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"),
        reason="nginx is missing: apt-get install nginx-light",
    ),
]
PAGES = ("/", "/items/boat", "/browse", "/categories/", "/search?q=boat", "/menu")


@pytest.fixture(scope="module")
def before() -> Iterator[Edge]:
    """A site with one boat and one editor, behind nginx."""
    with edge() as running:
        running.item("Boat")
        running.site.python(f"import os, sys\nsys.path.insert(0, os.getcwd())\n{PERSON}")
        running.told()
        yield running


def test_a_page_is_fetched_once_and_then_comes_from_the_edge_by_http_2(before: Edge) -> None:
    path = "/browse?order=title"
    first, second = (before.visitor().ask(path) for _ in range(2))
    assert (first.kept, second.kept) == ("MISS", "HIT")
    assert first.body == second.body
    assert "set-cookie" not in second.headers
    assert "cache-tag" not in second.headers, "nobody's business but the cache's"
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    curl = ["curl", "-sS", "--http2", "--cacert", str(before.certificate), "-o", "/dev/null"]
    curl += ["-w", "%{http_version} %header{x-cache}", f"https://localhost:{before.port}{path}"]
    assert subprocess.run(curl, check=True, capture_output=True, text=True).stdout == "2 HIT"


def test_a_browser_that_has_the_page_is_told_so_by_the_edge(before: Edge) -> None:
    page = before.visitor().ask("/categories/")
    again = before.visitor().ask("/categories/", If_None_Match=page.headers["etag"])
    assert (again.status, again.body, again.kept) == (304, "", "HIT")


def test_languages_are_kept_apart_and_nobody_can_mix_them(before: Edge) -> None:
    visitor = before.visitor()
    wanted = {
        "es-MX,es;q=0.9,en;q=0.8": "Barco",
        "en-GB,en;q=0.9": "Boat",
        "fr,es;q=0.5": "Barco",
        "es;q=0.1,en": "Boat",
    }
    for _ in range(2):
        for accepted, title in wanted.items():
            assert f"<h1>{title}</h1>" in visitor.ask("/items/boat", Accept_Language=accepted).body, accepted
        chosen = visitor.ask("/items/boat", Accept_Language="en", Cookie="django_language=es")
        assert "<h1>Barco</h1>" in chosen.body
    # Two cookies of one name: nginx believes the first and Django the last.
    visitor.ask("/items/boat?in=x", Cookie="django_language=en; django_language=es")
    assert "<h1>Boat</h1>" in visitor.ask("/items/boat?in=x", Cookie="django_language=en").body


@pytest.mark.parametrize("path", ["/", "/items/boat", "/browse", "/search?q=boat"])
def test_encodings_are_kept_apart(before: Edge, path: str) -> None:
    for accepted, encoding in {"gzip, deflate, br": "br", "gzip": "gzip", "br;q=0, identity": None}.items():
        for _ in range(2):
            assert (
                before.visitor().ask(path, Accept_Encoding=accepted).headers.get("content-encoding")
                == encoding
            )


def test_what_changed_is_forgotten_within_a_second(before: Edge) -> None:
    took = []
    for number in range(5):
        title = f"Boat {number}"
        for path in ("/", "/items/boat"):
            until(lambda path=path: before.visitor().ask(path).kept == "HIT")
        done = before.item(title)
        seen = until(lambda title=title: f"<h1>{title}</h1>" in before.visitor().ask("/items/boat").body)
        took.append(seen - done)
        until(lambda title=title: title in before.visitor().ask("/").body)
    # The quickest: what else the machine does can only add to it.
    assert min(took) < 1, f"seconds from the change to the new page: {took}"


def test_what_was_withdrawn_is_gone(before: Edge) -> None:
    until(lambda: before.visitor().ask("/items/boat").kept == "HIT")
    before.item("", "gone")
    until(lambda: before.visitor().ask("/items/boat").status == 404)
    assert before.visitor().ask("/items/boat").kept == "MISS", "what is not there is not kept"
    before.item("Boat again")
    before.told()


def test_nothing_of_somebody_signed_in_is_kept_or_given_to_another(before: Edge) -> None:
    alice, stranger = before.visitor(), before.visitor()
    assert alice.sign_in("alice@example.com", "quite a long secret 7").status == 302
    for path in (*PAGES, "/editor/", "/accounts/", "/favourites/"):
        for _ in range(2):
            hers = alice.ask(path)
            assert (hers.status, hers.kept in ("BYPASS", "")) == (200, True), (path, hers.kept)
            assert "public" not in hers.headers["cache-control"]
            assert path == "/menu" or "Alice Only" in hers.body, path
    for path in PAGES:
        stranger.ask(path)
        theirs = stranger.ask(path)
        assert theirs.kept == "HIT"
        assert "Alice Only" not in theirs.body
    assert not [
        kept for kept in before.kept_files() if b"Alice Only" in kept or b"csrfmiddlewaretoken" in kept
    ]
    assert before.kept_files()


def test_static_files_are_kept_and_good_for_a_year(before: Edge) -> None:
    page = before.visitor().ask("/").body
    stylesheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    before.visitor().ask(stylesheet)
    again = before.visitor().ask(stylesheet)
    assert again.kept == "HIT"
    assert again.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_all_pages_are_forgotten_by_hand(before: Edge) -> None:
    until(lambda: before.visitor().ask("/browse").kept == "HIT")
    assert before.site.manage("purge").stdout == "forgotten: catalog\n"
    assert before.visitor().ask("/browse").kept == "MISS"


def short_lived(handler: Any, upstream: Upstream) -> None:
    """A page as the site makes it, which may be kept for a second."""
    body = f"page {len(upstream.seen)}".encode()
    handler.send_response(200)
    handler.send_header("Cache-Control", cache_control(1).replace("revalidate=10", "revalidate=0"))
    handler.send_header("Connection", "close")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_while_the_site_is_down_visitors_see_what_was_there() -> None:
    number = free_port()
    with ExitStack() as stack, ExitStack() as site:
        folder = stack.enter_context(temporary_folder("kept"))
        running = site.enter_context(upstream("site", short_lived))
        address = dict.fromkeys(PREFIXES, running.address)
        stack.enter_context(gateway(address, f"--cache={folder}/kept", port=number))

        def seen() -> str:
            ask = ["curl", "-sS", "-w", " %{http_code} %header{x-cache}", f"http://localhost:{number}/"]
            return subprocess.run(ask, check=True, capture_output=True, text=True).stdout

        assert seen() == "page 1 200 MISS"
        site.close()
        time.sleep(2.5)
        assert [seen(), seen()] == ["page 1 200 STALE"] * 2
