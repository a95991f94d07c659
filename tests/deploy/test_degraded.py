"""A split site while a part of it is away: what visitors, people who are signed in and uploads still get."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.conf import settings

from tests import servers
from tests.caller import Answer, Caller
from tests.journeys.place import eventually
from tests.media.drawn import picture
from tests.servers import Server
from tests.topologies import Split, split_site

pytestmark = pytest.mark.slow

FOR_ANYBODY = ("/", "/browse", "/categories/", "/search?q=bay")
BACK = 60  # seconds in which everything is as before
# What remains of a request's two seconds bounds each call elsewhere; the rest is for a machine that does other things.
AT_MOST = 15


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Redis]:
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="module")
def split(redis: servers.Redis) -> Iterator[Split]:
    with split_site(redis=redis) as running:
        running.whole.manage("seed_demo", "--prints", "2")
        eventually(lambda: "/media/r/" in Caller(running.url).get("/browse").text, 120)
        yield running


@pytest.fixture(scope="module")
def editor(split: Split) -> Caller:
    lines = (line.split() for line in split.whole.kept("demo/sign-ins.txt").splitlines())
    password = next(line[1] for line in lines if line and line[0] == "editor@example.com")
    caller = Caller(split.url)
    assert caller.sign_in("editor@example.com", password).status == 200
    assert caller.get("/editor/").status == caller.get("/pictures/").status == 200
    return caller


@contextmanager
def away(parts: Sequence[Server]) -> Iterator[None]:
    """Killed while the block runs, then started again."""
    for part in parts:
        part.kill()
    try:
        yield
    finally:
        for part in parts:
            part.start()


def whole(split: Split, context: str) -> list[Server]:
    return list(split.service_of(context).servers.values())


def upload(caller: Caller, token: str, seed: int) -> Answer:
    return caller.send_file("/api/v1/media/assets", f"{seed}.png", picture(seed=seed), token=token)


def visitors_notice_nothing(split: Split) -> None:
    visitor = Caller(split.url)
    for path in FOR_ANYBODY:
        began = time.monotonic()
        assert visitor.get(path).status == 200, path
        assert time.monotonic() - began < AT_MOST, path


def everything_is_as_before(split: Split, editor: Caller) -> None:
    eventually(
        lambda: {editor.get(path).status for path in ("/editor/", "/pictures/", "/accounts/")} == {200}, BACK
    )
    assert editor.get("/pictures/").path == "/pictures/", "nobody was signed out"
    visitors_notice_nothing(split)


def test_without_media_the_catalogue_is_normal_and_an_upload_is_told_so(split: Split, editor: Caller) -> None:
    token = editor.token("/accounts/password/change/")
    with away(whole(split, "media")):
        visitors_notice_nothing(split)
        assert editor.get("/editor/").status == 200
        refused = upload(editor, token, 1)
        assert (refused.status, "Retry-After" in refused.headers) == (503, True)
        assert refused.json["detail"]
        new = editor.get("/editor/new")
        assert new.status == 200, "an item can be written; its pictures come later"
    everything_is_as_before(split, editor)
    eventually(lambda: upload(editor, token, 1).status in (200, 201), BACK)


def test_media_that_hangs_holds_nobody_for_long(split: Split, editor: Caller) -> None:
    with split.service_of("media").servers["rpc"].hung():
        began = time.monotonic()
        assert editor.get("/editor/new").status == 200
        assert time.monotonic() - began < AT_MOST
        visitors_notice_nothing(split)
    everything_is_as_before(split, editor)


def test_without_auth_people_browse_and_known_sessions_go_on(split: Split, editor: Caller) -> None:
    editor.get("/editor/")
    stranger = Caller(split.url)
    with away(whole(split, "auth")):
        time.sleep(settings.SESSION_TRUST_SECONDS)  # until then nobody asks auth anyway
        visitors_notice_nothing(split)
        assert (editor.get("/editor/").status, editor.get("/pictures/").status) == (200, 200)
        signing_in = stranger.get("/accounts/login/")
        assert (signing_in.status, "Retry-After" in signing_in.headers) == (503, True)
        forged = stranger.get("/editor/", Cookie="session=nobody-ever-had-this-one")
        assert forged.status == 503, "never open by failure, and nobody is sent to a sign-in that is away"
        assert "Set-Cookie" not in forged.headers, "no cookie is deleted because a store was away"
    everything_is_as_before(split, editor)


def test_without_the_catalogue_pictures_and_accounts_go_on(split: Split, editor: Caller) -> None:
    with away(whole(split, "catalog")):
        front = Caller(split.url).get("/")
        assert (front.status, "Retry-After" in front.headers) == (503, True)
        assert "<h1" in front.text
        assert editor.get("/pictures/").status == editor.get("/accounts/").status == 200
    everything_is_as_before(split, editor)


def test_what_workers_and_relays_missed_is_done_when_they_are_back(split: Split, editor: Caller) -> None:
    carriers = [
        split.service_of(context).servers[name]
        for context in ("media", "catalog")
        for name in ("worker", "relay")
    ]
    with away(carriers):
        sent = upload(editor, editor.token("/accounts/password/change/"), 2)
        assert (sent.status, sent.json["status"]) == (201, "processing")
    eventually(lambda: editor.get(sent.json["url"]).json["status"] == "ready", 120)


@pytest.mark.parametrize("how", [Server.hung, lambda part: away([part])], ids=["hung", "gone"])
def test_without_redis_all_is_normal(split: Split, editor: Caller, redis: servers.Redis, how) -> None:
    token = editor.token("/accounts/password/change/")
    with how(redis):
        visitors_notice_nothing(split)
        assert (editor.get("/editor/").status, editor.get("/pictures/").path) == (200, "/pictures/")
        assert upload(editor, token, 3).status in (200, 201)
    everything_is_as_before(split, editor)
