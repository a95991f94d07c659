"""Pictures straight to S3: one signed form for one file of one length, and nothing else gets in by it."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
import uuid
from datetime import timedelta
from itertools import product

import pytest
from django.conf import settings as site
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from apps.media import models, straight
from apps.media.storage import incoming_files
from apps.media.sweeping import sweep
from monolith.files import upload_url
from monolith.rest import xml
from tests.media.drawn import picture, png_bomb
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")

UPLOADS, FINISH = "/api/v1/media/uploads", "/api/v1/media/uploads/finish"
JSON = "application/json"


@pytest.fixture
def bucket(s3_server, keep_files_at, settings):
    """Pictures lie in a bucket, and browsers reach it."""
    url = s3_server.make_bucket()
    keep_files_at(url)
    settings.MEDIA_UPLOAD_URL = f"{s3_server.endpoint}/{incoming_files().bucket_name}"


@pytest.fixture
def as_alice(client, alice):
    return sign_in(client, alice)


def begun(client, data, name="lake.png"):
    answer = client.post(UPLOADS, {"file_name": name, "bytes": len(data)}, content_type=JSON)
    assert answer.status_code == 201, answer.content
    return answer.json()


def sent(form, data, **changed):
    """The status S3 answers with when a browser sends the form."""
    boundary = uuid.uuid4().hex
    fields = form["fields"] | {name.replace("_", "-"): value for name, value in changed.items()}
    parts = [f'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    parts.append(b'Content-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + data + b"\r\n")
    body = b"".join(f"--{boundary}\r\n".encode() + part for part in parts) + f"--{boundary}--\r\n".encode()
    told = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Origin": "http://localhost:8000"}
    try:
        with urllib.request.urlopen(urllib.request.Request(form["url"], body, told), timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def finished(client, form, **about):
    return client.post(FINISH, {"upload": form["upload"], **about}, content_type=JSON)


@pytest.mark.usefixtures("bucket")
class TestStraight:
    def test_a_picture_goes_to_the_bucket_and_is_taken_in(self, as_alice, alice, work, files):
        data = picture(800, 600)
        form = begun(as_alice, data)
        assert models.Asset.objects.count() == 0
        assert sent(form, data) in (200, 201, 204)
        answer = finished(as_alice, form, alt="A lake")
        assert answer.status_code == 201
        body = answer.json()
        assert (body["title"], body["alt"], body["status"]) == ("lake", "A lake", "processing")
        assert answer.headers["Location"] == body["url"]
        work()
        assert as_alice.get(body["url"]).json()["status"] == "ready"
        assert not [name for name in files() if name.startswith("incoming/")]
        again = begun(as_alice, data)
        sent(again, data)
        assert finished(as_alice, again).status_code == 200, "here already"
        assert finished(as_alice, again).json()["code"] == "media.not_arrived", "pressed twice"

    def test_whatever_is_changed_of_the_form_s3_refuses_it(self, as_alice, files):
        data = picture()
        form = begun(as_alice, data)
        signature = form["fields"]["x-amz-signature"]
        policy = json.loads(base64.b64decode(form["fields"]["policy"]))
        ranges = [c for c in policy["conditions"] if "content-length-range" in c]
        assert ranges == [["content-length-range", 1, len(data)]]
        policy["conditions"].remove(ranges[0])
        freed = base64.b64encode(json.dumps(policy).encode()).decode()
        key = form["fields"]["key"]
        for changed in (
            {"x_amz_signature": signature[:-1] + ("0" if signature[-1] != "0" else "1")},
            {"policy": freed},
            {"key": key.replace("incoming", "renditions")},
            {"key": key + "x"},
            {"Content_Type": "text/html"},
            {"Content_Disposition": "inline"},
        ):
            assert sent(form, data, **changed) == 403, changed
        assert sent(form, data + b"x") in (400, 403), "longer than was said"
        assert sent(form, b"") in (400, 403)
        assert files() == []

    def test_a_form_ends(self, as_alice, monkeypatch):
        monkeypatch.setattr(straight, "FORM_SECONDS", 1)
        form = begun(as_alice, picture())
        time.sleep(2.1)
        assert sent(form, picture()) == 403

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"<svg onload='alert(1)'/>", "media.not_a_picture"),
            (png_bomb(9434, 9434), "media.too_many_pixels"),
        ],
    )
    def test_what_is_no_picture_is_refused_as_ever_and_goes(self, as_alice, files, data, code):
        form = begun(as_alice, data)
        sent(form, data)
        answer = finished(as_alice, form)
        assert answer.json()["code"] == code
        assert files() == []

    def test_somebody_elses_upload_is_none_of_ones_business(self, as_alice, bob):
        form = begun(as_alice, picture())
        sent(form, picture())
        answer = finished(sign_in(Client(), bob), form)
        assert (answer.status_code, answer.json()["code"]) == (422, "media.not_arrived")
        assert finished(as_alice, form).status_code == 201

    @pytest.mark.parametrize("upload", ["", "nonsense", "a:b:c", "x" * 5000])
    def test_an_upload_that_is_none(self, as_alice, upload):
        answer = as_alice.post(FINISH, {"upload": upload}, content_type=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "media.not_arrived")

    @pytest.mark.parametrize("form", [JSON, "application/xml"])
    def test_nothing_but_text_is_said_of_it(self, as_alice, form):
        for name, value in product(("upload", "title", "alt"), (["a"], {"x": 1}, True, None, 5)):
            said = {"upload": "a", "title": "Lake", name: value}
            body = json.dumps(said) if form == JSON else xml.write(said)
            answer = as_alice.post(FINISH, body, content_type=form)
            assert (answer.status_code, answer.json()["code"]) == (422, "media.invalid"), said
            assert list(answer.json()["fields"]) == [name]

    def test_one_that_never_came(self, as_alice):
        answer = finished(as_alice, begun(as_alice, picture()))
        assert answer.json()["code"] == "media.not_arrived"
        assert "Send it again." in answer.json()["detail"]

    def test_the_quota_holds_when_it_begins_and_when_it_ends(self, as_alice, alice, settings, upload, files):
        first, second = picture(seed=1), picture(seed=2)
        forms = [begun(as_alice, first), begun(as_alice, second)]
        settings.MEDIA_QUOTA = len(first) + 10
        assert [sent(form, data) for form, data in zip(forms, (first, second), strict=True)] == [204, 204]
        assert finished(as_alice, forms[0]).status_code == 201
        assert finished(as_alice, forms[1]).json()["code"] == "media.no_room"
        answer = as_alice.post(UPLOADS, {"file_name": "x", "bytes": len(second)}, content_type=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "media.no_room")
        assert not [name for name in files() if name.startswith("incoming/")]

    def test_what_is_never_taken_in_is_swept_away(self, as_alice, files):
        sent(begun(as_alice, picture()), picture())
        assert len(files()) == 1
        sweep(timezone.now() + timedelta(days=2))
        assert files() == []

    @pytest.mark.parametrize(
        ("told", "code"),
        [
            ({"bytes": 0}, "media.empty"),
            ({"bytes": 25_000_001}, "media.too_large"),
            ({"bytes": -1}, "media.invalid"),
            ({"bytes": "many"}, "media.invalid"),
            ({"bytes": 10**30}, "media.too_large"),
            ({}, "media.invalid"),
            ({"bytes": 5, "file_name": "x" * 1001}, "media.invalid"),
            ({"bytes": 5, "file_name": ["x"]}, "media.invalid"),
            ({"bytes": 5, "file_name": None}, "media.invalid"),
            ({"bytes": True}, "media.invalid"),
            ({"bytes": None}, "media.invalid"),
        ],
    )
    def test_what_can_not_begin(self, as_alice, told, code):
        answer = as_alice.post(UPLOADS, told, content_type=JSON)
        assert answer.json()["code"] == code
        assert 400 <= answer.status_code < 500

    def test_the_page_may_reach_the_bucket_and_others_may_not(self, as_alice, s3_server):
        page = as_alice.get("/pictures/")
        assert f"connect-src 'self' {s3_server.endpoint};" in page.headers["Content-Security-Policy"] + ";"
        assert 'data-uploads="/api/v1/media/uploads"' in page.content.decode()
        assert s3_server.endpoint not in as_alice.get("/accounts/").headers["Content-Security-Policy"]


def test_where_pictures_come_through_the_site_there_is_none_of_this(as_alice):
    answer = as_alice.post(UPLOADS, {"file_name": "x", "bytes": 5}, content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (404, "media.not_straight")
    page = as_alice.get("/pictures/")
    assert "data-uploads" not in page.content.decode()
    assert "connect-src 'self';" in page.headers["Content-Security-Policy"] + ";"


def test_it_is_for_who_is_signed_in(client):
    for path in (UPLOADS, FINISH):
        assert client.post(path, {}, content_type=JSON).status_code == 401
    assert not site.MEDIA_UPLOAD_URL


@pytest.mark.parametrize(
    ("url", "storage_url", "said"),
    [
        ("https://s3.example/b", "", "Set STORAGE_URL"),
        ("s3.example/b", "s3://b", "as browsers reach it"),
        ("ftp://s3.example", "s3://b", "as browsers reach it"),
        ("https://", "s3://b", "as browsers reach it"),
        ("https://a:b@s3.example", "s3://b", "as browsers reach it"),
        ("https://s3.example:99999/b", "s3://b", "as browsers reach it"),
        ("https://s3.example/b?x=1", "s3://b", "as browsers reach it"),
    ],
)
def test_an_address_that_is_none(url, storage_url, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        upload_url(url, storage_url)
