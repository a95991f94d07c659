"""S3 slow, hung or gone: each caller is told so soon, nothing is lost, and what needs no pictures goes on."""

from __future__ import annotations

import io
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files import File

from apps.media import bucket, models, patience, service
from apps.media.contract import StorageAway
from apps.media.patience import FAILURES, Patience
from apps.media.storage import originals, renditions
from seam.rows import Status
from tests import servers
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.slow

RENDITION = "0" * 64 + "/320.webp"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Each test begins as a process does; and has not so long as that to wait."""
    monkeypatch.setattr(bucket, "patience", Patience("The store of the pictures"))


@pytest.fixture
def on(keep_files_at):
    """Let the pictures lie at a STORAGE_URL from now on."""
    return keep_files_at


@pytest.fixture
def refusing():
    """A STORAGE_URL where nobody listens."""
    return f"s3://k:s@pictures?endpoint=http://127.0.0.1:{servers.free_port()}"


@pytest.fixture
def hung(monkeypatch):
    """A STORAGE_URL of a server that takes connections and never says a word; patience cut short."""
    monkeypatch.setattr(bucket, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(patience, "SLOW", 1.0)
    monkeypatch.setattr(patience, "QUEUE", 0.3)
    bucket._config.cache_clear()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"s3://k:s@pictures?endpoint=http://127.0.0.1:{server.getsockname()[1]}"
    bucket._config.cache_clear()


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("path", ["/pictures/upload", "/api/v1/media/assets"])
def test_an_upload_is_told_to_try_again_and_nothing_is_half_kept(
    client, alice, on, refusing, path, work, s3_server
):
    signed_in = sign_in(client, alice)
    on(refusing)
    answer = signed_in.post(path, {"file": File(io.BytesIO(picture()), name="lake.png")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Send this one again in a minute." in answer.content.decode().replace("&#x27;", "'")
    if path == "/pictures/upload":
        assert "<strong>lake.png</strong>" in answer.content.decode(), "of several files, which"
    assert "127.0.0.1" not in answer.content.decode(), "where pictures are kept is nobody's business"
    assert models.Original.objects.count() == models.Asset.objects.count() == models.Job.objects.count() == 0
    on(s3_server.make_bucket())
    assert signed_in.post(path, {"file": File(io.BytesIO(picture()), name="lake.png")}).status_code in (
        201,
        302,
    )
    assert work() == 2, "it, and what is swept once a day"
    assert models.Asset.objects.get().is_ready


@pytest.mark.django_db(databases="__all__")
def test_the_rendition_job_backs_off_and_makes_it_later(alice, upload, work, on, refusing, s3_server):
    url = s3_server.make_bucket()
    on(url)
    asset = upload(alice.id)
    on(refusing)
    assert work() >= 2, "it, and what is swept once a day; a slow machine has come to the second attempt"
    job = models.Job.objects.get(name="media.render_asset")
    assert (job.status, job.attempts > 0) == (Status.WAITING, True)
    assert "StorageAway" in job.last_error
    on(url)
    models.Job.objects.filter(pk=job.pk).update(due_at=job.created_at)
    assert work() >= 1
    assert service.get_own(owner_id=alice.id, asset_id=asset.pk).is_ready


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_picture_can_not_be_had_now_but_soon(client, on, refusing, method):
    on(refusing)
    answer = getattr(client, method)(f"/media/r/{RENDITION}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db(databases="__all__")
def test_pages_of_pictures_are_normal(client, alice, upload, work, on, refusing):
    upload(alice.id)
    work()
    on(refusing)
    page = sign_in(client, alice).get("/pictures/")
    assert page.status_code == 200
    assert "/media/r/" in page.content.decode()


def test_who_refuses_three_times_is_not_asked_until_a_pause_is_over(on, refusing, monkeypatch, s3_server):
    on(refusing)
    for _time in range(FAILURES):
        with pytest.raises(StorageAway, match="does not answer"):
            renditions().stat(RENDITION)
    began = time.monotonic()
    for _time in range(50):
        with pytest.raises(StorageAway, match="is not asked"):
            renditions().stat(RENDITION)
    assert time.monotonic() - began < 0.5
    on(s3_server.make_bucket())
    monkeypatch.setattr(bucket.patience, "_next_try", 0.0)
    renditions().save(RENDITION, File(io.BytesIO(b"x")))
    assert renditions().stat(RENDITION)[0] == 1


def test_a_refused_key_is_an_answer_and_counts_as_none(on, s3_server):
    on(s3_server.make_bucket().replace("OFFSHOOT:", "SOMEBODY:"))
    for _time in range(FAILURES + 2):
        with pytest.raises(StorageAway, match="refuses"):
            originals().save("a", File(io.BytesIO(b"x")))


def test_of_a_hung_server_half_of_the_threads_wait_and_not_for_long(on, hung, settings):
    settings.WEB_THREADS = 4
    on(hung)
    renditions().client  # noqa: B018  what it takes to make one is not waiting

    def ask(after):
        time.sleep(after)
        began = time.monotonic()
        with pytest.raises(StorageAway) as raised:
            renditions().stat(RENDITION)
        return time.monotonic() - began, str(raised.value)

    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(ask, [0, 0, 1.3, 1.3, 1.3]))
    waited = [seconds for seconds, why in asked if "does not answer" in why]
    refused = [seconds for seconds, why in asked if "enough are waiting" in why]
    assert (len(waited), len(refused)) == (2, 3)
    assert max(refused) < 0.5
    assert 2 <= min(waited) <= max(waited) < 10, "two tries of a second each, with a pause between"


def test_a_slow_upload_keeps_nobody_from_reading(settings):
    """What is large takes long without anything being wrong."""
    settings.WEB_THREADS = 2
    store = Patience("it")
    with store.waiting(soon=False) as upload:
        upload.since -= 60
        with store.waiting(soon=True) as read:
            read.since -= 60
            with pytest.raises(StorageAway, match="enough are waiting"), store.waiting(soon=True):
                pass
    with store.waiting(soon=True):
        pass


def test_one_tries_again_after_the_pause_and_the_others_go_on_not_waiting(settings):
    store = Patience("it")
    for _time in range(FAILURES):
        with store.waiting(soon=True) as wait:
            wait.failed = True
    store._next_try = 0.0
    with store.waiting(soon=True), pytest.raises(StorageAway, match="is not asked"):
        store.waiting(soon=True).__enter__()
    with store.waiting(soon=True), store.waiting(soon=True):
        pass


def test_a_site_whose_s3_hangs_shows_its_catalogue_as_ever(s3_server):
    """The real processes: S3 is stopped in the middle, as a machine that swaps; then it goes on.

    Of six visitors who ask for a picture three are told after 10 s, the others within two seconds or so.
    """
    settings = {"STORAGE_URL": s3_server.make_bucket("hanging"), "WEB_WORKERS": "1", "WEB_THREADS": "4"}
    with servers.site(settings) as site:
        s3_server.client.put_object(Bucket="hanging", Key=f"renditions/{RENDITION}", Body=b"RIFFxxxxWEBP")
        url = f"{site.url}/media/r/{RENDITION}"
        assert got(url)[0] == 200
        with s3_server.hung(), ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(got, url) for _visitor in range(6)]
            time.sleep(1)
            pages = [got(f"{site.url}/") for _visit in range(10)]
            pictures = [answer.result() for answer in asked]
        assert {status for status, _seconds in pages} == {200}
        assert max(seconds for _status, seconds in pages) < 4
        assert {status for status, _seconds in pictures} == {503}
        assert max(seconds for _status, seconds in pictures) < 25
        until = time.monotonic() + 60
        while got(url)[0] != 200 and time.monotonic() < until:
            time.sleep(0.5)
        assert got(url)[0] == 200


def got(url):
    began = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            answer.read()
            status = answer.status
    except urllib.error.HTTPError as error:
        with error:
            status = error.code
    return status, round(time.monotonic() - began, 2)
