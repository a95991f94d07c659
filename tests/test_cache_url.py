"""CACHE_URL: Redis, Memcached, none or nothing; a Memcached that is away costs nothing and errors nowhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pymemcache
import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from apps.auth import sessions
from monolith import cache as guarded
from monolith.breaker import FAILURES
from monolith.cache import memcached_key
from monolith.memcached import GuardedMemcached
from tests import servers

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[servers.Memcached]:
    with servers.memcached() as running:
        yield running


@pytest.fixture
def cache(server: servers.Memcached, settings: Any) -> Any:
    settings.CACHES = settings.CACHES | guarded.caches(server.url())
    return caches["default"]


def test_it_keeps_what_it_is_given(cache: Any) -> None:
    cache.set("colour", {"green": [1, 2]})
    assert cache.get("colour") == {"green": [1, 2]}
    assert cache.get_many(["colour", "shape"]) == {"colour": {"green": [1, 2]}}
    assert cache.add("colour", "red") is False
    assert cache.get_or_set("shape", "round") == "round"
    assert cache.set_many({"a": 1, "b": b"\x00\xff"}) == []
    assert cache.get_many(["a", "b"]) == {"a": 1, "b": b"\x00\xff"}
    assert cache.incr("a", 2) == 3
    assert cache.decr("a") == 2
    assert cache.delete("a")
    cache.delete_many(["b"])
    assert cache.get_many(["a", "b"]) == {}
    assert cache.touch("shape", 60)
    cache.clear()
    assert cache.get("shape") is None


def test_what_has_an_end_ends(cache: Any) -> None:
    cache.set("colour", "green", 1)
    time.sleep(2.2)  # Memcached's seconds are whole ones
    assert cache.get("colour") is None


@pytest.mark.parametrize("key", ["with a blank", "x" * 300, "línea\nnueva", "\x00", "aside:en:" + "y" * 5000])
def test_any_key_will_do(cache: Any, key: str) -> None:
    """Some are made of what a visitor sent."""
    cache.set(key, 1)
    assert cache.get(key) == 1
    assert cache.get(f"{key} ") is None


def test_no_two_keys_are_one() -> None:
    keys = ["a b", "a  b", "a", "ä", "x" * 300, "x" * 301]
    assert len({memcached_key(key, "site", 1) for key in keys}) == len(keys)


def test_a_value_that_is_too_large_takes_the_old_one_and_nothing_else_with_it(cache: Any) -> None:
    cache.set("page", "small")
    cache.set("page", "x" * 3_000_000)
    assert cache.get("page") is None
    assert cache.set_many({"one": 1, "page": "x" * 3_000_000, "two": 2}) == ["page"]
    assert cache.get_many(["one", "two"]) == {"one": 1, "two": 2}
    for _ in range(2 * FAILURES):
        cache.set("page", "x" * 3_000_000)
    assert cache.get("one") == 1, "that it refuses is no sign that it is away"


@pytest.mark.parametrize("fault", ["stop", "kill", "hang"])
def test_without_memcached_everything_is_a_miss_and_nothing_an_error(
    cache: Any, server: servers.Memcached, fault: str
) -> None:
    cache.set("colour", "green")
    getattr(server, fault)()
    try:
        for _ in range(3 * FAILURES):
            assert cache.get("colour") is None
            assert cache.get("colour", "nothing") == "nothing"
            cache.set("colour", "red")
            assert not cache.add("shape", "round")
            assert cache.get_many(["colour"]) == {}
            assert cache.set_many({"colour": 1}) == ["colour"]
            assert not cache.delete("colour")
            assert not cache.touch("colour")
            cache.delete_many(["colour"])
            cache.clear()
            assert cache.get_or_set("shape", "round") == "round"
            with pytest.raises(ValueError, match="not found"):
                cache.incr("colour")
    finally:
        server.go_on() if fault == "hang" else server.start()
    until = time.monotonic() + 10
    while cache.get("back") != 1:
        assert time.monotonic() < until, "Memcached is back and nobody noticed"
        cache.set("back", 1)
        time.sleep(0.02)


def test_a_hung_memcached_is_asked_only_until_the_breaker_opens(
    cache: Any, server: servers.Memcached, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.set("colour", "green")
    client = GuardedMemcached.of(server.url().partition("//")[2], "pickle")._client
    asked = []
    get = client.get
    monkeypatch.setattr(client, "get", lambda *a: asked.append(1) or get(*a))
    with server.hung():
        for _ in range(50):
            assert cache.get("colour") is None
    assert FAILURES <= len(asked) <= FAILURES + 2


def test_threads_share_its_connections(cache: Any) -> None:
    wrong = []

    def work(number: int) -> None:
        for count in range(50):
            caches["default"].set(f"key {number}", count)
            if caches["default"].get(f"key {number}") != count:
                wrong.append((number, count))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_copies_of_sessions_are_json(cache: Any, server: servers.Memcached) -> None:
    """What is read from a cache that others may write to is never unpickled."""
    copies = caches["sessions"]
    copies.set("session", {"version": 1, "principal": None})
    assert copies.get("session") == {"version": 1, "principal": None}
    raw = pymemcache.Client(server.url().partition("//")[2])
    assert raw.get(copies.make_key("session")) == b'{"version": 1, "principal": null}'
    raw.close()
    with pytest.raises(TypeError):
        copies.set("session", object())


@pytest.mark.django_db(databases="__all__")
def test_sessions_work_through_it(cache: Any, client: Client, alice: Any) -> None:
    from tests.people import sign_in

    sign_in(client, alice)
    assert client.get("/accounts/").status_code == 200
    key = client.session.session_key
    assert caches["sessions"].get(sessions.known.cache_key(key))["principal"]["email"] == alice.email
    client.post("/accounts/logout/")
    assert client.get("/accounts/").status_code == 302
    assert sessions.find(key) is None


@pytest.mark.parametrize(
    "url",
    [
        *(
            "memcache://host:1",
            "http://host",
            "memcached://",
            "memcached://host:port",
            "memcached://host:99999",
        ),
        *(
            "memcached://a:1,b:2",
            "memcached://u:p@host:1",
            "memcached://host/3",
            "redis",
            "None",
            "memcached:host",
        ),
    ],
)
def test_a_url_of_no_cache_gets_a_sentence(url: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match="It must be redis://host:6379/0, memcached://host:11211, or none"
    ):
        guarded.caches(url)


def test_each_kind_of_url_is_understood() -> None:
    def backends(url: str) -> list[str]:
        return [entry["BACKEND"].rpartition(".")[2] for entry in guarded.caches(url).values()]

    assert backends("") == ["LocMemCache", "DummyCache"]
    assert backends("none") == ["DummyCache", "DummyCache"]
    assert backends("redis://h:1/0") == backends("rediss://h:1/0") == ["RedisCache", "RedisCache"]
    assert backends("memcached://h") == ["Memcached", "Memcached"]
    assert guarded.caches("memcached://h")["default"]["LOCATION"] == "h:11211"
    assert guarded.caches("memcached://[::1]:5")["default"]["LOCATION"] == "[::1]:5"
