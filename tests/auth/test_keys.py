"""Auth's public keys in a process: asked for seldom, by one at a time, and good for a while when auth is away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from apps.auth import keys
from apps.auth.client import AuthIsAway
from seam.wire import CallFailed
from tests.auth.tokens import bearer, claims, signed

KEY = object()


class Asked:
    """Auth, as somebody who asks for its keys sees it."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.times = 0
        self.away = False

    def __call__(self) -> dict:
        self.times += 1
        if self.away:
            raise CallFailed("away")
        return dict.fromkeys(self.kids, KEY)


@pytest.fixture
def clock(monkeypatch):
    passed = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(keys, "monotonic", lambda: passed.seconds)
    return passed


def test_keys_are_asked_for_once_in_a_few_seconds(clock):
    auth = Asked("a")
    ring = keys.KeyRing(auth)
    assert [ring.find("a") for _ in range(50)] == [KEY] * 50
    assert auth.times == 1
    clock.seconds += 5.1
    assert ring.find("a")
    assert auth.times == 2


def test_a_revoked_key_is_refused_within_seconds(clock):
    auth = Asked("a")
    ring = keys.KeyRing(auth)
    assert ring.find("a")
    auth.kids = ["b"]
    clock.seconds += 5.1
    assert ring.find("a") is None


def test_an_unknown_key_is_asked_for_but_not_by_everybody_who_makes_one_up(clock):
    auth = Asked("a")
    ring = keys.KeyRing(auth)
    assert ring.find("a")
    auth.kids.append("b")
    clock.seconds += 1.1
    assert ring.find("b"), "known before its time"
    for number in range(100):
        assert ring.find(f"made up {number}") is None
    assert auth.times == 2


def test_known_keys_go_on_while_auth_is_away_and_then_nobody_passes(clock, caplog):
    auth = Asked("a")
    ring = keys.KeyRing(auth)
    assert ring.find("a")
    auth.away = True
    for _ in range(14 * 60):
        clock.seconds += 1
        assert ring.find("a")
    assert auth.times < 180, "asked once in five seconds"
    assert "auth does not tell its signing keys: CallFailed: away" in caplog.text
    clock.seconds += 61
    with pytest.raises(AuthIsAway):
        ring.find("a")
    auth.away = False
    clock.seconds += 5.1
    assert ring.find("a"), "it is back"


def test_a_process_that_never_had_keys_lets_nobody_pass_and_asks_seldom(clock):
    auth = Asked("a")
    auth.away = True
    ring = keys.KeyRing(auth)
    for _ in range(20):
        with pytest.raises(AuthIsAway):
            ring.find("a")
    assert auth.times == 1


def test_while_one_asks_the_others_go_on_with_what_they_know(settings):
    settings.SESSION_TRUST_SECONDS = 0
    begun, answer = threading.Event(), threading.Event()

    def slow():
        if begun.is_set() or ring._keys:
            begun.set()
            assert answer.wait(60)
        return {"a": KEY}

    ring = keys.KeyRing(slow)
    assert ring.find("a")
    ring._next_at = 0.0
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ring.find, "a")
        assert begun.wait(60)
        began = time.monotonic()
        assert [ring.find("a") for _ in range(100)] == [KEY] * 100
        assert time.monotonic() - began < 2, "nobody waited"
        answer.set()
        assert asking.result(60)


def test_whoever_needs_keys_first_waits_for_the_one_who_asks():
    times, ready = [], threading.Barrier(8)

    def slow():
        times.append(1)
        time.sleep(0.2)
        return {"a": KEY}

    ring = keys.KeyRing(slow)

    def find(_number):
        ready.wait(60)
        return ring.find("a")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(find, range(8))) == [KEY] * 8
    assert len(times) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("binding")
def test_auth_is_asked_through_its_contract(bob):
    Client().get("/.well-known/jwks.json")
    found = keys.ask_auth()
    [kid] = found
    assert Client().get("/.well-known/jwks.json").json()["keys"][0]["kid"] == kid


@pytest.mark.django_db
def test_while_nobody_can_verify_it_a_token_is_answered_with_503(bob, monkeypatch):
    headers = bearer(signed(claims(bob)))
    auth = Asked()
    auth.away = True
    monkeypatch.setattr(keys.ring, "_ask", auth)
    visitor = Client(raise_request_exception=False)
    for path in ("/api/v1/media/assets", "/offline"):
        answer = visitor.get(path, headers=headers)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert visitor.get("/offline").status_code == 200


@contextmanager
def served(answers: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/slow":
                time.sleep(1)
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/good")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.mark.django_db
def test_keys_may_be_read_by_http(settings, monkeypatch, bob):
    monkeypatch.setattr(keys, "HTTP_TIMEOUT", 0.3)
    document = Client().get("/.well-known/jwks.json").content
    answers = {
        "/good": (200, document),
        "/slow": (200, document),
        "/broken": (500, document),
        "/moved": (302, document),
        "/huge": (200, document + b" " * keys.MOST_BYTES),
        "/garbage": (200, b"\xff\x00"),
        "/page": (200, b"<!DOCTYPE html>"),
        "/empty": (200, b'{"keys": []}'),
    }
    with served(answers) as url:
        settings.AUTH_JWKS_URL = f"{url}/good"
        assert set(keys.ask_auth()) == {json.loads(document)["keys"][0]["kid"]}
        for path in [*sorted(answers.keys() - {"/good"}), "/missing"]:
            settings.AUTH_JWKS_URL = url + path
            with pytest.raises(AuthIsAway):
                keys.KeyRing(keys.ask_auth).find("a")
    settings.AUTH_JWKS_URL = f"{url}/good"  # where nobody listens any more
    with pytest.raises(AuthIsAway):
        keys.KeyRing(keys.ask_auth).find("a")


@pytest.mark.django_db
def test_of_a_key_set_only_what_is_for_us_is_read():
    [ours] = Client().get("/.well-known/jwks.json").json()["keys"]
    plain = {name: ours[name] for name in ("kty", "n", "e")} | {"kid": "plain"}
    others = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": "curve"},
        ours | {"kid": "other algorithm", "alg": "RS512"},
        ours | {"kid": "for encryption", "use": "enc"},
        {name: value for name, value in ours.items() if name != "kid"},
        ours | {"kid": 7},
    ]
    found = keys.read(json.dumps({"keys": [ours, plain, *others]}).encode())
    assert set(found) == {ours["kid"], "plain"}
    assert {key.algorithm_name for key in found.values()} == {"RS256"}


def test_a_key_that_is_too_short_is_refused():
    short = {"kty": "RSA", "kid": "short", "e": "AQAB", "n": "v" * 171}
    with pytest.raises(ValueError, match="too short"):
        keys.read(json.dumps({"keys": [short]}).encode())


@pytest.mark.parametrize("document", [b"[" * 60_000, b"[]", b"{}", b"7", b'{"keys": 7}', b'{"keys": [7]}'])
def test_a_document_that_is_no_key_set_is_refused(document):
    with pytest.raises(ValueError):
        keys.read(document)


jwk = st.dictionaries(
    st.sampled_from(["kty", "kid", "n", "e", "alg", "use", "d"]),
    st.none()
    | st.sampled_from(["RSA", "RS256", "sig", "AQAB"])
    | st.text()
    | st.integers()
    | st.lists(st.text()),
)


@pytest.mark.slow
@examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    document=st.binary() | st.lists(jwk | st.text()).map(lambda found: json.dumps({"keys": found}).encode())
)
def test_a_key_set_that_is_none_is_refused(document):
    with pytest.raises(ValueError):
        keys.read(document)
