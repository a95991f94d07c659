"""Files over HTTP: for ever under one name, whole or in parts, and never as anything but a picture."""

from __future__ import annotations

import io
import re
import urllib.error
import urllib.request

import pytest
from django.core.files import File
from django.test import Client
from django.urls import resolve
from django.utils.http import http_date

from apps.media import delivery, service
from apps.media.storage import incoming_files, originals, renditions
from tests.media import drawn
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.once,
    pytest.mark.usefixtures("storage"),
]


@pytest.fixture
def asset(upload, work, alice):
    made = upload(alice.id, name="../Lake & <b>.html")
    work()
    return service.get_own(owner_id=alice.id, asset_id=made.pk)


@pytest.fixture
def url(asset):
    return renditions().url(asset.original.rendition_names[0])


@pytest.fixture
def content(asset):
    with renditions().open(asset.original.rendition_names[0]) as file:
        return file.read()


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_rendition_is_kept_by_everybody_for_ever(client, url, content):
    answer = client.get(url)
    assert (answer.status_code, body(answer)) == (200, content)
    headers = answer.headers
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Type"] == "image/avif"
    assert int(headers["Content-Length"]) == len(content)
    assert re.fullmatch(r'"[0-9a-f]{32}-1\.avif"', headers["ETag"])
    assert headers["Last-Modified"]
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Content-Disposition"] == 'inline; filename="1.avif"'
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_it_differs_for_nobody(client, url, alice):
    answer = sign_in(client, alice).get(url, headers={"Accept-Language": "es"})
    assert not answer.cookies
    assert "Vary" not in answer.headers
    assert "Content-Language" not in answer.headers
    body(answer)  # else its connection to the store is left open


def test_it_asks_no_database(client, url, django_assert_num_queries):
    for alias in ("default", "media", "catalog"):
        with django_assert_num_queries(0, using=alias):
            body(client.get(url))


def test_each_kind_is_called_what_it_is(client, asset):
    found = {name.rpartition(".")[2]: name for name in asset.original.rendition_names}
    for suffix, kind in {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}.items():
        answer = client.get(renditions().url(found[suffix]))
        assert answer.headers["Content-Type"] == kind
        body(answer)


def test_only_its_headers(client, url, content):
    answer = client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(content)
    assert client.post(url).status_code == 405


def test_nothing_new(client, url):
    headers = client.head(url).headers
    etag, modified = headers["ETag"], headers["Last-Modified"]
    for condition in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", {etag}'},
        {"If-None-Match": f"W/{etag}"},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified},
        {"If-None-Match": etag, "If-Modified-Since": http_date(0), "Range": "bytes=0-1"},
    ):
        answer = client.get(url, headers=condition)
        assert answer.status_code == 304, condition
        assert answer.content == b""
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"].endswith("immutable")


def test_something_else_than_was_known(client, url):
    modified = client.head(url).headers["Last-Modified"]
    for condition in (
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": http_date(0)},
        {"If-Modified-Since": "yesterday"},
        {"If-None-Match": '"other"', "If-Modified-Since": modified},
    ):
        answer = client.get(url, headers=condition)
        assert answer.status_code == 200, condition
        body(answer)
    assert client.get(url, headers={"If-Match": '"other"'}).status_code == 412
    assert client.get(url, headers={"If-Unmodified-Since": http_date(10**9)}).status_code == 412


def test_a_part_of_it(client, url, content):
    for asked, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-10", -10, None),
        ("bytes=-99999999", 0, None),
        ("bytes=5-99999999", 5, None),
        ("bytes= 5-6 ", 5, 7),
    ):
        answer = client.get(url, headers={"Range": asked})
        part = content[start:stop]
        assert (answer.status_code, body(answer)) == (206, part), asked
        first = content.index(part) if start else 0
        assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        assert int(answer.headers["Content-Length"]) == len(part)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_part_that_is_not_there(client, url, content):
    for asked in ("bytes=99999999-", "bytes=-0", "bytes=99999999-99999999"):
        answer = client.get(url, headers={"Range": asked})
        assert answer.status_code == 416, asked
        assert answer.headers["Content-Range"] == f"bytes */{len(content)}"
        assert "immutable" not in answer.headers["Cache-Control"]


def test_a_range_that_is_none_gets_the_whole_file(client, url, content):
    nines = "9" * 5000
    for asked in (
        "bytes=",
        "bytes=-",
        "bytes=9-5",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "lines=1-2",
        "0-1",
        f"bytes={nines}-",
    ):
        answer = client.get(url, headers={"Range": asked})
        assert (answer.status_code, body(answer)) == (200, content), asked[:20]


def test_a_range_of_an_older_file_gets_the_whole_one(client, url, content):
    headers = client.head(url).headers
    for same in (headers["ETag"], headers["Last-Modified"]):
        answer = client.get(url, headers={"Range": "bytes=0-4", "If-Range": same})
        assert (answer.status_code, body(answer)) == (206, content[:5])
    for other in ('"other"', f"W/{headers['ETag']}", http_date(0)):
        answer = client.get(url, headers={"Range": "bytes=0-4", "If-Range": other})
        assert (answer.status_code, body(answer)) == (200, content)


def test_a_range_is_not_for_head(client, url, content):
    answer = client.head(url, headers={"Range": "bytes=0-4"})
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(content)


def test_there_is_nothing_under_another_name(client, url):
    folder = url.split("/")[3]
    for name in (
        "",
        "nowhere",
        "../../secret_key",
        "..%2f..%2fsecret_key",
        "%2e%2e/%2e%2e/secret_key",
        f"{folder}/../{folder}/400.avif",
        f"{folder}/..%5c..%5csecret_key",
        f"{folder}//400.avif",
        f"{folder}/400.avif/",
        f"{folder}/400.avif%00.html",
        f"{folder}/400.html",
        f"{folder}/400.svg",
        f"{folder}/0400.avif",
        f"{folder}/401.avif",
        f"{folder}/",
        f"{folder}",
        f"{folder.upper()}/400.avif",
        "0" * 64 + "/400.avif",
        f"{folder}/" + "4" * 5000 + ".avif",
        ".partial/" + "0" * 32,
        f"{folder}/400.avif%0a",
    ):
        answer = client.get(f"/media/r/{name}")
        assert answer.status_code == 404, name
        assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_the_address_is_in_the_url_table_too(url):
    assert resolve(url).func is delivery.rendition


def test_the_owner_saves_the_original_as_it_was(client, asset, alice):
    answer = sign_in(client, alice).get(f"/pictures/{asset.pk}/original")
    assert (answer.status_code, body(answer)) == (200, picture())
    headers = answer.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert headers["Content-Disposition"].endswith('.png"'), "named after what it is, not page.html"
    assert "private" in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Cookie" in headers["Vary"]
    part = client.get(f"/pictures/{asset.pk}/original", headers={"Range": "bytes=1-3"})
    assert (part.status_code, body(part)) == (206, b"PNG")


def test_nobody_else_gets_the_original(client, asset, bob, dora):
    path = f"/pictures/{asset.pk}/original"
    assert client.get(path).status_code == 302
    for other in (bob, dora):
        assert sign_in(Client(), other).get(path).status_code == 404
    name = asset.original.name
    for guess in (
        f"/media/{name}",
        f"/media/originals/{name}",
        f"/media/r/../originals/{name}",
        f"/media/r/{name}",
    ):
        assert client.get(guess).status_code == 404


def test_a_polyglot_is_only_ever_saved_never_opened(client, upload, work, alice):
    made = upload(alice.id, drawn.polyglot(), name="page.html")
    work()
    answer = sign_in(client, alice).get(f"/pictures/{made.pk}/original")
    assert b"<script>" in body(answer), "the original is what came"
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="page.jpeg"'


def test_an_original_that_is_lost_is_not_there(client, asset, alice):
    originals().delete(asset.original.name)
    assert sign_in(client, alice).get(f"/pictures/{asset.pk}/original").status_code == 404


def test_a_rendition_is_gone_with_its_picture(client, asset, url, alice, work):
    service.delete_asset(owner_id=alice.id, asset_id=asset.pk)
    work()
    assert client.get(url).status_code == 404


def test_a_large_one_is_handed_on_as_it_comes(client):
    name = "0" * 64 + "/1920.png"
    renditions().save(name, File(io.BytesIO(bytes(5_000_000))))
    sizes = [len(chunk) for chunk in client.get(f"/media/r/{name}")]
    assert sum(sizes) == 5_000_000
    assert max(sizes) <= 64 * 1024


def test_who_hangs_up_keeps_no_connection(client, url):
    """More of them than the pool to S3 has connections; an unclosed one would fail the test as a warning."""
    for _visitor in range(40):
        client.get(url).close()
    assert client.head(url).status_code == 200


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_in_a_bucket_each_file_says_what_it_is_and_nobody_may_read_it(asset, s3_server):
    client, bucket = s3_server.client, originals().bucket_name
    kept = asset.original
    found = client.head_object(Bucket=bucket, Key=f"renditions/{kept.rendition_names[0]}")
    assert (found["ContentType"], found["ContentDisposition"]) == ("image/avif", "inline")
    assert found["CacheControl"] == "public, max-age=31536000, immutable"
    found = client.head_object(Bucket=bucket, Key=f"originals/{kept.name}")
    assert (found["ContentType"], found["ContentDisposition"]) == ("application/octet-stream", "attachment")
    assert found["CacheControl"] == "private, no-store"
    incoming_files().save("a/red.png", File(io.BytesIO(b"<script>")))
    found = client.head_object(Bucket=bucket, Key="incoming/a/red.png")
    assert found["ContentDisposition"] == "attachment"  # the type SeaweedFS guesses by the name
    for key in (f"originals/{kept.name}", f"renditions/{kept.rendition_names[0]}", "incoming/a/red.png"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{s3_server.endpoint}/{bucket}/{key}", timeout=60)
        refused.value.close()
        assert refused.value.code == 403
