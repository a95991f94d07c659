"""A path, a URL or standard input; real HTTP on loopback, with its redirects, errors and broken connections."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from apps.catalog.importing.sources import open_source
from functions.catalog_import_chunk.records import ImportProblem

BODY = b"key,title\n" + b"1,a\n" * 50_000


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        where, _, rest = self.path[1:].partition("?")
        getattr(self, f"give_{where}", self.give_nothing)(rest)

    def give_whole(self, rest: str) -> None:
        self.begin(200, length=len(BODY))
        self.wfile.write(BODY)

    def give_unsized(self, rest: str) -> None:
        self.begin(200)
        self.wfile.write(BODY)

    def give_half(self, rest: str) -> None:
        self.begin(200, length=len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2])

    def give_redirect(self, rest: str) -> None:
        self.begin(302, location=rest)

    def give_loop(self, rest: str) -> None:
        self.begin(302, location=f"/loop?{rest}x")

    def give_nothing(self, rest: str) -> None:
        self.begin(404)

    def begin(self, status: int, length: int | None = None, location: str = "") -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if location:
            self.send_header("Location", location)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_counted_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_bytes(BODY)
    with open_source(str(tmp_path / "items.csv")) as source:
        assert (source.size, source.done, source.folder) == (len(BODY), 0, tmp_path)
        assert source.stream.read() == BODY
        assert source.done == len(BODY)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("missing.csv", "No such file"),
        (".", "Is a directory"),
        ("a\0b", "null byte"),
        ("x" * 300, "too long"),
    ],
)
def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, name: str, word: str) -> None:
    with pytest.raises(ImportProblem, match=word), open_source(str(tmp_path / name)):
        pass


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BODY)))
    with open_source("-") as source:
        assert source.size is None
        assert source.stream.read() == BODY


def test_a_terminal_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    with pytest.raises(ImportProblem, match="Nothing is piped in"), open_source("-"):
        pass


@pytest.mark.parametrize(
    ("path", "size"), [("/whole", len(BODY)), ("/unsized", None), ("/redirect?/whole", len(BODY))]
)
def test_a_url_is_read(web: str, path: str, size: int | None) -> None:
    with open_source(web + path) as source:
        assert source.size == size
        assert source.folder is None
        assert source.stream.read() == BODY


def test_a_connection_that_breaks_gives_what_came_before_it(web: str) -> None:
    with open_source(web + "/half") as source:
        assert source.stream.read1(len(BODY)) != b""
        with pytest.raises(ImportProblem, match=rf"ended after {len(BODY) // 2} of {len(BODY)} bytes"):
            source.stream.read()


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/missing", "404"),
        ("/loop?", "redirect|302"),
        ("/redirect?file:///etc/passwd", "not allowed"),
        ("/redirect?ftp://127.0.0.1/x", "not safe"),
    ],
)
def test_a_url_that_gives_no_file_is_told(web: str, path: str, word: str) -> None:
    with pytest.raises(ImportProblem, match=word), open_source(web + path):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "http://",
        "http://[::1/x",
        "http://127.0.0.1:port/",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ImportProblem), open_source(url):
        pass


def test_an_address_is_shown_without_passwords_and_queries() -> None:
    with (
        pytest.raises(ImportProblem) as caught,
        open_source("http://me:secret@127.0.0.1:1/x.csv?signature=secret"),
    ):
        pass
    assert "http://127.0.0.1:1/x.csv can't be read" in str(caught.value)
    assert "secret" not in str(caught.value)
