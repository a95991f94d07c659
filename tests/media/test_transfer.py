"""Limited access to one file: the same by a folder's signed URLs and by S3's presigned ones."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.test import Client

from apps.media import tickets, transfer
from apps.media.storage import incoming_files, originals, renditions

NAME = "ab/lake 1+2%.bin"
WORDS = b"what a picture is made of" * 1000


@pytest.fixture
def there():
    originals().save(NAME, File(io.BytesIO(WORDS)))
    return NAME


def ask(method, url, body=None, **headers):
    """Status and body, wherever the URL leads: to our own web process or to the S3 server."""
    if url.startswith("http://localhost:8000/"):
        kind = headers.pop("content_type", "application/octet-stream")
        path = url.removeprefix("http://localhost:8000")
        told = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body or b""))}
        strict = Client(enforce_csrf_checks=True)
        answer = strict.generic(method, path, body or b"", headers=headers, **told)
        return answer.status_code, b"".join(answer)
    request = urllib.request.Request(url, data=body, method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def put(url, body=WORDS, content_type="image/png"):
    return ask("PUT", url, body, content_type=content_type)[0]


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


@pytest.mark.usefixtures("storage")
class TestBoth:
    """What holds for every storage."""

    def test_a_url_reads_one_file(self, there):
        url = originals().url_to_read(there, seconds=60)
        assert ask("GET", url) == (200, WORDS)

    def test_a_url_writes_one_file_and_again_replaces_it(self):
        url = renditions().url_to_write("cd/new", seconds=60, content_type="image/png")
        assert put(url, b"first") == 200
        assert put(url) == put(url) == 200
        assert read(renditions(), "cd/new") == WORDS

    def test_an_empty_file_is_a_file(self):
        assert put(incoming_files().url_to_write("e", seconds=60, content_type="image/png"), b"") == 200
        assert incoming_files().stat("e")[0] == 0

    def test_a_changed_url_is_refused(self, there):
        url = originals().url_to_read(there, seconds=60)
        end = "B" if url.endswith("A") else "A"
        assert ask("GET", url[:-1] + end)[0] == 403

    def test_another_name_is_refused(self, there):
        originals().save("ab/lake-2", File(io.BytesIO(b"somebody else's")))
        url = originals().url_to_read("ab/lake-1", seconds=60)
        other = originals().url_to_read("ab/lake-2", seconds=60)
        if "/media/transfer/" in url:
            mixed = other.rpartition(":")[0] + ":" + url.rpartition(":")[2]
        else:
            mixed = url.replace("lake-1", "lake-2")
        assert ask("GET", mixed)[0] == 403
        assert ask("GET", other)[0] == 200

    def test_another_method_is_refused_and_changes_nothing(self, there):
        reads = originals().url_to_read(there, seconds=60)
        writes = originals().url_to_write(there, seconds=60, content_type="image/png")
        assert put(reads, b"mine now") in (403, 405)
        assert ask("DELETE", reads)[0] in (403, 405)
        assert ask("GET", writes)[0] in (403, 405)
        assert read(originals(), there) == WORDS

    def test_another_content_type_is_refused(self):
        url = incoming_files().url_to_write("page", seconds=60, content_type="image/png")
        assert put(url, content_type="text/html") in (403, 415)
        assert not incoming_files().exists("page")

    def test_it_ends(self, there):
        url = originals().url_to_read(there, seconds=1)
        writes = originals().url_to_write(there, seconds=1, content_type="image/png")
        time.sleep(2.1)
        assert (ask("GET", url)[0], put(writes, b"late")) == (403, 403)
        assert read(originals(), there) == WORDS

    def test_what_is_not_there_is_not_found(self):
        assert ask("GET", originals().url_to_read("no/such", seconds=60))[0] == 404

    @pytest.mark.parametrize("name", ["../renditions/x", "/etc/passwd", "a/../../x"])
    def test_there_is_no_url_that_leaves_the_storage(self, name):
        with pytest.raises(SuspiciousOperation):
            originals().url_to_read(name, seconds=60)
        with pytest.raises(SuspiciousOperation):
            originals().url_to_write(name, seconds=60, content_type="image/png")

    @pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
    def test_no_url_is_for_no_time_or_for_ever(self, seconds):
        with pytest.raises(ValueError, match="can be good for"):
            originals().url_to_read("x", seconds=seconds)


def test_a_range_of_it(there):
    url = originals().url_to_read(there, seconds=60)
    assert ask("GET", url, Range="bytes=5-9") == (206, WORDS[5:10])


def test_too_large_is_refused_before_it_is_read(settings, monkeypatch):
    url = incoming_files().url_to_write("x", seconds=60, content_type="image/png")
    path = url.removeprefix("http://localhost:8000")
    told = {"CONTENT_TYPE": "image/png", "CONTENT_LENGTH": "25000001", "wsgi.input": io.BytesIO()}
    answer = Client().generic("PUT", path, **told)
    assert answer.status_code == 413
    assert "25000000 bytes" in answer.content.decode()
    answer = Client().generic("PUT", path, b"x", content_type="image/png", CONTENT_LENGTH="")
    assert answer.status_code == 411


def test_a_body_that_ends_too_early_keeps_nothing(files):
    url = incoming_files().url_to_write("x", seconds=60, content_type="image/png")
    path = url.removeprefix("http://localhost:8000")
    told = {"CONTENT_TYPE": "image/png", "CONTENT_LENGTH": "8", "wsgi.input": io.BytesIO(b"half")}
    answer = Client().generic("PUT", path, **told)
    assert answer.status_code == 400
    assert files() == []


def test_it_is_never_whole_in_memory(monkeypatch):
    asked = []

    class Wire(io.BytesIO):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

    body = transfer.Body(Wire(bytes(1_000_000)), 1_000_000)  # type: ignore[arg-type]
    assert incoming_files().save("x", body) == "x"
    assert incoming_files().stat("x")[0] == 1_000_000
    assert max(asked) <= 256 * 1024


def test_it_sets_no_cookie_and_is_kept_by_nobody(there, client):
    answer = client.get(originals().url_to_read(there, seconds=60).removeprefix("http://localhost:8000"))
    assert b"".join(answer) == WORDS
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Vary" not in answer.headers


def test_another_address_for_functions(settings):
    settings.TRANSFER_URL = "http://media.internal:8000"
    assert originals().url_to_read("x", seconds=60).startswith("http://media.internal:8000/media/transfer/")


def test_an_inner_address_needs_no_entry_among_the_hosts(there):
    path = originals().url_to_read(there, seconds=60).removeprefix("http://localhost:8000")
    answer = Client(headers={"host": "media.internal:8000"}).get(path)
    assert (answer.status_code, b"".join(answer)) == (200, WORDS)


@pytest.mark.parametrize("token", ["", "x", "a:b", "..", "W10:x", "%00", "é", "x" * 5000])
def test_what_is_no_ticket_is_refused(client, token):
    answer = client.get(f"/media/transfer/{token}")
    assert answer.status_code == 403
    assert answer.content.decode().endswith(".\n")


def test_what_was_signed_for_something_else_is_no_ticket(client, there):
    ends = int(time.time()) + 60
    what = ("GET", "originals", there, ends, "", 0)
    assert client.get(f"/media/transfer/{signing.dumps(what)}").status_code == 403
    ours = signing.Signer(salt=tickets.SALT).sign_object(what)
    assert client.get(f"/media/transfer/{ours}").status_code == 200


def test_old_and_new_key_both_hold_while_the_secret_changes(client, settings, there):
    path = originals().url_to_read(there, seconds=60).removeprefix("http://localhost:8000")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 50
    assert client.get(path).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(path).status_code == 403


@pytest.mark.slow
def test_over_a_real_connection(site, tmp_path):
    """The web process itself: a file comes and goes, one that has no length or breaks off is not kept."""
    made = "from apps.media.storage import incoming_files as f; print(f().url_to_{}('t/one', seconds=600{}))"
    writes = site.manage(
        "shell", "-v0", "-c", made.format("write", ", content_type='image/png'")
    ).stdout.split()[-1]
    reads = site.manage("shell", "-v0", "-c", made.format("read", "")).stdout.split()[-1]
    where = urlsplit(writes)
    data = bytes(range(256)) * 8192

    def send(start):
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest("PUT", where.path)
            connection.putheader("Content-Type", "image/png")
            start(connection)
            connection.sock.shutdown(socket.SHUT_WR)
            return connection.getresponse().status

    def chunked(connection):
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(b"4\r\nhalf\r\n0\r\n\r\n")

    def broken_off(connection):
        connection.putheader("Content-Length", str(len(data)))
        connection.endheaders()
        connection.send(data[:100_000])

    assert send(chunked) == 411
    assert send(broken_off) == 400
    assert fetched(reads)[0] == 404
    request = urllib.request.Request(writes, data=data, method="PUT", headers={"Content-Type": "image/png"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
    assert fetched(reads) == (200, data)
    assert not list((site.data_dir / "media" / "incoming" / ".partial").iterdir())


def fetched(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""
