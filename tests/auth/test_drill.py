"""The drill: people are signed in on a real site while its Redis stops, is killed, and hangs.

Nobody is signed out, nothing fails, no cookie is deleted, and what was ended meanwhile stays ended.
"""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests import servers

pytestmark = pytest.mark.slow

PEOPLE, ENDED, FAULT_SECONDS, PATIENCE = 50, 10, 6, 30
TOKEN = "a" * 32

# One line of the shell of the site: people with a session each, as signing in would leave them.
MAKE = f"""
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from apps.auth.models import User
from apps.auth.sessions import SessionStore
keys = []
for number in range({PEOPLE}):
    person = User.objects.create_user(f"p{{number}}@example.com", None, name=f"P{{number}}", confirmed=True)
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(person.id), person.epoch
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store.save()
    keys.append(store.session_key)
print("KEYS" + json.dumps(keys))
"""


@dataclass
class Browser:
    """One person's: sends a session cookie, notes what comes back."""

    port: int
    key: str

    def ask(self, method: str, path: str) -> tuple[int, str, str]:
        """Status, page, and whatever session cookie the site sets or deletes."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        try:
            cookies = f"session={self.key}; csrf={TOKEN}"
            connection.request(method, path, headers={"Cookie": cookies, "X-CSRFToken": TOKEN})
            answer = connection.getresponse()
            page = answer.read().decode()
            cookies_set = answer.headers.get_all("Set-Cookie") or []
            return answer.status, page, " ".join(one for one in cookies_set if one.startswith("session="))
        finally:
            connection.close()

    def signed_in(self) -> set[bool]:
        """What two pages take this person for: one that asks Django's session, one that asks who is calling."""
        session = self.ask("GET", "/accounts/")[0] == 200
        status, page, _cookie = self.ask("GET", "/no-such-page")
        assert status == 404
        return {session, "/accounts/logout/" in page}


@dataclass
class Watch:
    """What went wrong while people looked at their pages again and again."""

    asked: int = 0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def looking(browsers: list[Browser]) -> Iterator[Watch]:
    """Everybody asks for their pages, over and over, until the block ends."""
    watch, stop = Watch(), threading.Event()

    def look(mine: list[Browser]) -> None:
        while not stop.is_set():
            for browser in mine:
                for path, expected in (("/accounts/", 200), ("/no-such-page", 404)):
                    status, page, cookie = browser.ask("GET", path)
                    watch.asked += 1
                    if status != expected or cookie or "/accounts/logout/" not in page:
                        watch.wrong.append(f"{path} {status} {cookie}")

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(look, browsers[part::4]) for part in range(4)]
        try:
            yield watch
        finally:
            stop.set()
    for one in running:
        one.result()


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
    said = place.manage("shell", "-v0", "-c", MAKE).stdout
    port = place.servers["web"].port
    assert port
    yield [Browser(port, key) for key in json.loads(said.partition("KEYS")[2])]
    place.manage("shell", "-v0", "-c", "from apps.auth.models import User; User.objects.all().delete()")


@contextmanager
def stopped(redis: servers.Redis) -> Iterator[None]:
    redis.stop()
    yield
    redis.start()


@contextmanager
def killed(redis: servers.Redis) -> Iterator[None]:
    redis.kill()
    yield
    redis.start()


@contextmanager
def hung(redis: servers.Redis) -> Iterator[None]:
    assert redis.process
    redis.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        redis.process.send_signal(signal.SIGCONT)


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
