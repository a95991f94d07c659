"""The drill: people are signed in on a real site while its Redis stops, is killed, and hangs.

Nobody is signed out, nothing fails, no cookie is deleted, and what was ended meanwhile stays ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests import servers
from tests.auth.drill import Browser, hung, killed, looking, people, stopped

pytestmark = pytest.mark.slow

PEOPLE, ENDED, FAULT_SECONDS, PATIENCE = 50, 10, 6, 30


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Redis]:
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="module")
def place(redis: servers.Redis) -> Iterator[servers.Site]:
    with servers.site({"REDIS_URL": redis.url(), "WEB_WORKERS": "2"}) as running:
        yield running


@pytest.fixture
def browsers(place: servers.Site) -> Iterator[list[Browser]]:
    yield people(place, PEOPLE)
    place.manage("shell", "-v0", "-c", "from apps.auth.models import User; User.objects.all().delete()")


@pytest.mark.parametrize("fault", [stopped, killed, hung])
def test_redis_goes_and_comes_back(fault: Callable, redis: servers.Redis, browsers: list[Browser]) -> None:
    leaving, staying = browsers[:ENDED], browsers[ENDED:]
    assert all(browser.signed_in() == {True} for browser in browsers)
    with looking(staying) as watch:
        with fault(redis):
            assert [browser.ask("POST", "/accounts/logout/")[0] for browser in leaving] == [302] * ENDED
            time.sleep(FAULT_SECONDS)
            assert all(browser.signed_in() == {False} for browser in leaving)
        back = time.monotonic() + FAULT_SECONDS
        while time.monotonic() < back:
            assert all(browser.signed_in() == {False} for browser in leaving), "an ended session came back"
    assert watch.wrong == []
    assert watch.asked >= 4 * len(staying), "too few were looking for this to mean anything"


def test_what_ends_sessions_is_seen_by_every_process_within_seconds(
    place: servers.Site, browsers: list[Browser]
) -> None:
    for _ in range(4):  # whichever process answers: all of them know all these sessions
        assert all(browser.signed_in() == {True} for browser in browsers)
    place.manage(
        "shell",
        "-v0",
        "-c",
        "from apps.auth.models import User; u = User.objects.get(email='p0@example.com');"
        "u.set_password('another long secret 8'); u.save();"
        "User.objects.filter(email='p1@example.com').update(is_active=False)",
    )
    until = time.monotonic() + PATIENCE
    while any(browsers[number].signed_in() != {False} for number in (0, 1)):
        assert time.monotonic() < until, "some process still believes an old copy"
    for _ in range(8):
        assert browsers[0].signed_in() == browsers[1].signed_in() == {False}
    assert all(browser.signed_in() == {True} for browser in browsers[2:])
