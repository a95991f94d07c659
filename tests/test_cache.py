"""A Redis that is away costs nothing: stopped, killed, hung, and back again."""

import time

import pytest
import redis
from django.core.cache import caches

from monolith import breaker as breakers
from monolith.breaker import FAILURES, Breaker
from monolith.cache import redis_cache
from monolith.redis import FAILED
from tests import servers

pytestmark = pytest.mark.slow


@pytest.fixture
def server():
    with servers.redis() as running:
        yield running


@pytest.fixture
def cache(server, settings):
    settings.CACHES = settings.CACHES | {"default": redis_cache(server.url(), prefix="test")}
    return caches["default"]


def wait_until_it_answers(cache):
    """Somebody has to want it before it is asked again; then it takes a pause at most."""
    until = time.monotonic() + 10
    while not cache.set("back", 1):
        assert time.monotonic() < until, "Redis is back and nobody noticed"
        time.sleep(0.02)


def test_it_keeps_what_it_is_given(cache):
    assert cache.set("colour", {"green": [1, 2]})
    assert cache.get("colour") == {"green": [1, 2]}
    assert cache.get_many(["colour", "shape"]) == {"colour": {"green": [1, 2]}}
    assert cache.add("colour", "red") is False
    assert cache.get_or_set("shape", "round") == "round"


@pytest.mark.parametrize("fault", ["stop", "kill", "hang"])
def test_without_redis_everything_is_a_miss_and_nothing_an_error(cache, server, fault):
    cache.set("colour", "green")
    getattr(server, fault)()
    try:
        for _ in range(3 * FAILURES):
            assert cache.get("colour") is None
            assert cache.get("colour", "nothing") == "nothing"
            assert not cache.set("colour", "red")
            assert not cache.add("shape", "round")
            assert cache.get_many(["colour"]) == {}
            assert not cache.delete("colour")
            assert cache.get_or_set("shape", "round") == "round"
    finally:
        server.go_on() if fault == "hang" else server.start()
    wait_until_it_answers(cache)
    assert cache.get("back") == 1


def test_a_hung_redis_is_asked_only_until_the_breaker_opens(cache, server, monkeypatch):
    asked = []
    ask = redis.Redis._execute_command
    monkeypatch.setattr(redis.Redis, "_execute_command", lambda *a, **o: asked.append(1) or ask(*a, **o))
    cache.get("colour")
    assert len(asked) == 1
    with server.hung():
        for _ in range(50):
            cache.get("colour")
        by_requests = len(asked) - 1
    # The pings of the background come on top, one a second at most.
    assert FAILURES <= by_requests <= FAILURES + 2


def test_pipelines_pass_the_breaker_too(cache, server):
    client = cache.client.get_client()
    assert client.pipeline().set("a", 1).get("a").execute() == [True, b"1"]
    server.stop()
    for _ in range(FAILURES):
        with pytest.raises(redis.ConnectionError):
            client.pipeline().get("a").execute()
    assert client.connection_pool.breaker.is_open


def test_it_stays_open_until_a_ping_is_answered(monkeypatch):
    monkeypatch.setattr(breakers, "PAUSE", 0.02)
    answers = iter([redis.ConnectionError("no"), redis.TimeoutError("no"), None])
    pinged = []

    def ping():
        pinged.append(time.monotonic())
        answer = next(answers)
        if answer:
            raise answer

    def fail():
        raise redis.TimeoutError("no")

    breaker = Breaker(ping, server="Redis", failed=FAILED)
    for _ in range(FAILURES):
        assert not breaker.is_open
        with pytest.raises(redis.TimeoutError):
            breaker.call(fail)
    assert breaker.is_open
    until = time.monotonic() + 10
    while breaker.is_open:
        assert time.monotonic() < until
        try:
            breaker.call(lambda: "asked")
        except redis.ConnectionError:
            time.sleep(0.005)
    assert len(pinged) == 3
    assert breaker.call(lambda: "asked") == "asked"


def test_failures_with_an_answer_between_them_open_nothing():
    breaker = Breaker(lambda: None, server="Redis", failed=FAILED)

    def fail():
        raise redis.TimeoutError("no")

    for _ in range(3 * FAILURES):
        with pytest.raises(redis.TimeoutError):
            breaker.call(fail)
        breaker.call(lambda: None)
    assert not breaker.is_open
