"""manage.py purger on files as nginx writes them: who may, what goes, what stays."""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from monolith.edge import Purging, read
from monolith.purger import CacheFolder, Server, tags_in
from seam.wire import Unavailable

TOKEN = "what-only-the-site-and-its-cache-know-0123"
Kept = dict[str, Path]


def cached(tags: str, *, key: str = "https://localhost/", body: str = "<h1>Boat</h1>") -> bytes:
    """A file of nginx's cache: a binary part, the key, the head, the body."""
    header = f"{tags}\r\n" if tags else ""
    head = f"HTTP/1.1 200 OK\r\nServer: gunicorn\r\n{header}Content-Type: text/html\r\n\r\n"
    return bytes(range(64)) + b"\nKEY: " + key.encode() + b"\n" + head.encode() + body.encode()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    files = {
        "boat": cached("Cache-Tag: catalog,listing-1,item-1"),
        "ship": cached("cache-tag:catalog, listing-22"),
        "style": cached(""),
        "liar": cached("", key="https://localhost/?Cache-Tag:catalog", body="\r\nCache-Tag: catalog\r\n"),
    }
    found = {}
    for number, (name, content) in enumerate(files.items()):
        path = tmp_path / f"{number}" / "ab" / f"{number:032x}"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        found[name] = path
    (tmp_path / "0" / "ab" / f"{9:032x}.0000000001").write_bytes(files["boat"])  # being written
    return found


@pytest.fixture
def purger(tmp_path: Path, kept: Kept) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), CacheFolder(tmp_path), TOKEN) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def cache_of(purger: Server, token: str = TOKEN) -> Purging:
    found = read(f"http://127.0.0.1:{purger.server_address[1]}", token)
    assert found
    return Purging(found)


def left(kept: Kept) -> set[str]:
    return {name for name, path in kept.items() if path.exists()}


def test_what_carries_a_tag_goes_and_nothing_else(purger: Server, kept: Kept) -> None:
    cache_of(purger).forget(["listing-1", "listing-2"])
    assert left(kept) == {"ship", "style", "liar"}, "listing-22 is another tag"
    cache_of(purger).forget(["catalog"])
    assert left(kept) == {"style", "liar"}, "what a visitor wrote into an address or a page is no tag"


def test_a_page_that_was_kept_anew_is_read_anew(purger: Server, kept: Kept) -> None:
    cache_of(purger).forget(["nothing"])
    fresh = kept["boat"].with_name("fresh")
    fresh.write_bytes(cached("Cache-Tag: catalog,item-9"))
    os.replace(fresh, kept["boat"])  # as nginx does
    cache_of(purger).forget(["item-1"])
    assert kept["boat"].exists()
    cache_of(purger).forget(["item-9"])
    assert not kept["boat"].exists()


def test_without_the_secret_nothing_goes(purger: Server, kept: Kept) -> None:
    with pytest.raises(Unavailable, match="EDGE_PURGE_TOKEN may not purge there"):
        cache_of(purger, f"another-{TOKEN}").forget(["catalog"])
    assert len(left(kept)) == 4


@pytest.mark.parametrize(
    ("method", "tags", "status"),
    [
        ("PURGE", "", 400),
        ("PURGE", "a b", 400),
        ("PURGE", "x" * 101, 400),
        ("PURGE", ",", 400),
        ("GET", "a", 501),
    ],
)
def test_nonsense_is_refused(purger: Server, kept: Kept, method: str, tags: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", purger.server_address[1], timeout=20)
    connection.request(method, "/", headers={"Authorization": f"Bearer {TOKEN}", "Cache-Tag": tags})
    assert connection.getresponse().status == status
    connection.close()
    assert len(left(kept)) == 4


def test_a_folder_it_may_not_write_to_is_said(
    purger: Server, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(Unavailable, match="answered 500"):
        cache_of(purger).forget(["catalog"])


def test_a_file_without_an_end_is_no_trouble() -> None:
    assert tags_in(b"") == tags_in(b"\nKEY: x") == tags_in(b"\x00" * 100) == frozenset()
    assert tags_in(b"\nKEY: x\nHTTP/1.1 200 OK\r\nCache-Tag: a") == {"a"}


@pytest.mark.parametrize(
    ("token", "options", "sentence"),
    [
        ("", {}, "EDGE_PURGE_TOKEN must be set"),
        (TOKEN, {"cache": "/nonexistent"}, "is no folder"),
        (TOKEN, {"listen": "8081"}, "must be an address and a port"),
        (TOKEN, {"listen": "127.0.0.1:99999"}, "must be an address and a port"),
        (TOKEN, {"listen": "203.0.113.1:8081"}, "can't be listened on"),
    ],
)
def test_what_can_not_be_used_gets_a_sentence(
    token: str, options: dict[str, str], sentence: str, settings: object, tmp_path: Path
) -> None:
    settings.EDGE_PURGE_TOKEN = token  # type: ignore[attr-defined]
    given = {"cache": str(tmp_path), "listen": "127.0.0.1:8081"} | options
    with pytest.raises(CommandError, match=sentence):
        call_command("purger", *(f"--{name}={value}" for name, value in given.items()))
