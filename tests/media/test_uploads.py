"""Uploads by form and by API: many, wrong, huge, by whom; each with a clear word."""

from __future__ import annotations

import tempfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.media import models
from apps.media.uploads import FILES_AT_ONCE
from tests.media import drawn
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")

ASSETS = "/api/v1/media/assets"


@pytest.fixture
def as_alice(client, alice):
    return sign_in(client, alice)


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path_factory, monkeypatch, settings):
    """Temporary files of uploads are gone when the request is over, however it ended."""
    folder = tmp_path_factory.mktemp("uploads")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    yield
    assert not [
        path for path in folder.iterdir() if path.suffix == ".upload" or path.name.startswith("upload-")
    ]


def file(data=None, name="lake.png", content_type="image/png"):
    return SimpleUploadedFile(name, picture() if data is None else data, content_type)


def names(owner):
    return set(models.Asset.objects.filter(owner_id=owner.id).values_list("file_name", flat=True))


def test_several_at_once_by_the_form(as_alice, alice):
    files = [file(picture(seed=n), f"{n}.png") for n in range(3)]
    answer = as_alice.post("/pictures/upload", {"file": files}, follow=True)
    assert answer.redirect_chain == [("/pictures/", 302)]
    assert "3 pictures are here now." in answer.content.decode()
    assert names(alice) == {"0.png", "1.png", "2.png"}


def test_of_a_mixed_lot_the_good_ones_are_kept_and_each_other_is_explained(as_alice, alice, settings):
    settings.MEDIA_MAX_UPLOAD_MB = 1
    files = [
        file(picture(seed=1), "good.png"),
        file(b"", "empty.png"),
        file(b"<svg onload='alert(1)'/>", "<b>drawing.png"),
        file(bytes(1_000_001), "large.jpg"),
        file(drawn.png_bomb(9434, 9434), "bomb.png"),
        file(picture(seed=2), "also-good.gif"),
    ]
    answer = as_alice.post("/pictures/upload", {"file": files})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert names(alice) == {"good.png", "also-good.gif"}
    for said in (
        "2 pictures are here now.",
        "<strong>empty.png</strong>: This file is empty.",
        "<strong>&lt;b&gt;drawing.png</strong>: This is not a picture we can show.",
        "<strong>large.jpg</strong>: This file is larger than 1 MB.",
        "<strong>bomb.png</strong>: This picture has 89 megapixels",
    ):
        assert said in page


@pytest.mark.parametrize(("path", "status"), [("/pictures/upload", 302), ("/api/v1/media/assets", 201)])
def test_a_quotation_mark_in_a_files_name_is_one(as_alice, path, status):
    """Browsers write it as %22, and a % as it is."""
    assert as_alice.post(path, {"file": file(name="The %22best%22 50%.png")}).status_code == status
    assert models.Asset.objects.get().title == 'The "best" 50%'


def test_nothing_chosen(as_alice):
    answer = as_alice.post("/pictures/upload")
    assert answer.status_code == 422
    assert "No picture was sent." in answer.content.decode()


@pytest.mark.slow
def test_more_files_than_at_once(as_alice, alice):
    files = [file(picture(40, 30, seed=n), f"{n}.png") for n in range(FILES_AT_ONCE + 2)]
    answer = as_alice.post("/pictures/upload", {"file": files})
    assert answer.status_code == 422
    assert f"At most {FILES_AT_ONCE} pictures" in answer.content.decode()
    assert len(names(alice)) == FILES_AT_ONCE


def test_sent_twice_it_is_there_once(as_alice, alice):
    for _time in range(2):
        assert as_alice.post("/pictures/upload", {"file": [file()]}).status_code == 302
    assert models.Asset.objects.filter(owner_id=alice.id).count() == 1


@pytest.mark.parametrize("path", ["/pictures/upload", ASSETS])
def test_far_too_much_is_refused_before_it_is_read(as_alice, path):
    """By Content-Length alone: the body that is promised here never comes."""
    answer = as_alice.generic(
        "POST", path, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="10000000000"
    )
    assert answer.status_code == 413
    assert models.Asset.objects.count() == 0


def test_an_upload_without_a_length_is_told_what_it_lacks(as_alice):
    answer = as_alice.generic("POST", ASSETS, b"", content_type="multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["code"]) == (411, "media.no_length")


def test_past_the_limit_nothing_more_is_written(as_alice, settings, monkeypatch):
    """The file says nothing of its length and goes on and on."""
    settings.MEDIA_MAX_UPLOAD_MB = 1
    from django.core.files.uploadhandler import TemporaryFileUploadHandler

    written = []
    write = TemporaryFileUploadHandler.receive_data_chunk
    monkeypatch.setattr(
        TemporaryFileUploadHandler,
        "receive_data_chunk",
        lambda self, data, start: written.append(len(data)) or write(self, data, start),
    )
    answer = as_alice.post("/pictures/upload", {"file": [file(bytes(5_000_000))]})
    assert "larger than 1 MB" in answer.content.decode()
    assert 0 < sum(written) <= 1_000_000


def test_other_forms_take_no_files_at_all(client, monkeypatch):
    """With Django's own handlers whatever anybody sends is written to the disk, here 6 MB to the sign-in page."""
    made = []
    temporary = tempfile.NamedTemporaryFile
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda *a, **k: made.append(k) or temporary(*a, **k))
    sent = {
        "login": "x@example.com",
        "file": file(bytes(6_000_000), "large.bin"),
        "password": "after the file",
    }
    answer = client.post("/accounts/login/", sent)
    assert not answer.wsgi_request.FILES
    assert "password" not in answer.wsgi_request.POST, "nothing behind the file was read"
    assert made == []


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/pictures/", "/pictures/upload", "/pictures/progress"])
def test_who_is_not_signed_in_is_sent_to_sign_in(client, method, path):
    answer = getattr(client, method)(path)
    assert answer.status_code in (302, 405)
    if answer.status_code == 302:
        assert answer.url.startswith("/accounts/login/?next=")


def test_a_form_without_its_token_is_refused(alice):
    strict = sign_in(Client(enforce_csrf_checks=True), alice)
    assert strict.post("/pictures/upload", {"file": [file()]}).status_code == 403
    assert strict.post(ASSETS, {"file": file()}).status_code == 403
    assert models.Asset.objects.count() == 0
    page = strict.get("/pictures/")
    token = page.context["csrf_token"]
    assert strict.post(ASSETS, {"file": file()}, headers={"X-CSRFToken": str(token)}).status_code == 201


def test_by_the_api(as_alice, alice, work):
    answer = as_alice.post(ASSETS, {"file": file(), "title": "Lake", "alt": "A lake in May"})
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["Location"] == body["url"] == f"{ASSETS}/{body['id']}"
    assert (body["title"], body["alt"], body["status"], body["renditions"]) == (
        "Lake",
        "A lake in May",
        "processing",
        [],
    )
    work()
    ready = as_alice.get(body["url"]).json()
    assert ready["status"] == "ready"
    assert len(ready["renditions"]) == 6
    assert as_alice.get(ready["renditions"][0]["url"]).status_code == 200
    assert as_alice.post(ASSETS, {"file": file()}).status_code == 200, "here already"
    listed = as_alice.get(ASSETS).json()
    assert [item["id"] for item in listed["items"]] == [body["id"]]
    assert listed["next"] is None
    changed = as_alice.patch(body["url"], {"alt": "A lake in June"}, content_type="application/json").json()
    assert (changed["title"], changed["alt"]) == ("Lake", "A lake in June")
    assert as_alice.delete(body["url"]).status_code == 204
    assert as_alice.get(body["url"]).status_code == 404


def test_pages_by_the_api(as_alice):
    for seed in range(3):
        as_alice.post(ASSETS, {"file": file(picture(40, 30, seed=seed))})
    first = as_alice.get(f"{ASSETS}?limit=2").json()
    second = as_alice.get(f"{ASSETS}?limit=2&after={first['next']}").json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "media.empty"),
        (b"<html>", 415, "media.not_a_picture"),
        (b"\xff\xd8\xff and no more", 415, "media.not_a_picture"),
        (bytes(1_000_001), 413, "media.too_large"),
        (drawn.png_bomb(13_000, 13_000), 422, "media.too_many_pixels"),
    ],
)
def test_the_api_says_what_is_wrong(as_alice, settings, data, status, code):
    settings.MEDIA_MAX_UPLOAD_MB = 1
    answer = as_alice.post(ASSETS, {"file": file(data)})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        (lambda c: c.post(ASSETS, {"picture": file()}), 422, "media.no_file"),
        (lambda c: c.post(ASSETS, {"file": "a word"}), 422, "media.no_file"),
        (
            lambda c: c.post(ASSETS, "[]", content_type="application/json"),
            415,
            "media.unsupported_media_type",
        ),
        (lambda c: c.post(ASSETS, b"x", content_type="multipart/form-data"), 400, "media.parse_error"),
        (lambda c: c.post(ASSETS, {"file": file(), "title": "x" * 201}), 422, "media.invalid"),
        (lambda c: c.put(ASSETS), 405, "media.method_not_allowed"),
        (lambda c: c.get(f"{ASSETS}?limit=no"), 400, "media.invalid_query"),
        (lambda c: c.get(f"{ASSETS}?limit=999999999999999999999"), 400, "media.invalid_query"),
        (lambda c: c.get(f"{ASSETS}?after=%00"), 400, "media.invalid_query"),
    ],
)
def test_the_api_says_what_was_asked_wrongly(as_alice, send, status, code):
    answer = send(as_alice)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]
    assert models.Asset.objects.count() == 0


@pytest.mark.parametrize(
    "body", ["[]", "{", '{"title": "' + "x" * 201 + '"}', '{"alt": "\\u0000"}', '"word"']
)
def test_a_change_that_can_not_be_made(as_alice, body):
    url = as_alice.post(ASSETS, {"file": file(), "title": "Lake"}).json()["url"]
    answer = as_alice.patch(url, body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert as_alice.get(url).json()["title"] == "Lake"


def test_the_api_is_for_who_is_signed_in_and_each_sees_their_own(client, alice, bob):
    url = sign_in(Client(), alice).post(ASSETS, {"file": file()}).json()["url"]
    for path in (ASSETS, url):
        assert client.get(path).status_code == 401
        assert client.get(path).json()["code"] == "media.not_authenticated"
    assert client.post(ASSETS, {"file": file()}).status_code == 401
    as_bob = sign_in(Client(), bob)
    assert as_bob.get(ASSETS).json()["items"] == []
    for answer in (
        as_bob.get(url),
        as_bob.delete(url),
        as_bob.patch(url, {"title": "mine"}, content_type="application/json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "media.asset_not_found")
    assert models.Asset.objects.get().title == "lake"


def test_errors_come_in_the_readers_language(as_alice):
    answer = as_alice.post(ASSETS, {"file": file(b"")}, headers={"Accept-Language": "es"})
    assert answer.json()["detail"] == "Este archivo está vacío. Elige la imagen de nuevo."
