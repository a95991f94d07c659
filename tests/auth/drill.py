"""What the drill is made of: people who are signed in and look at their pages, and what happens to Redis meanwhile."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests import servers

TOKEN = "a" * 32

# One line of the shell of the site: people with a session each, as signing in would leave them.
MAKE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from apps.auth.models import User
from apps.auth.sessions import SessionStore
keys = []
for number in range(%d):
    person = User.objects.create_user(f"p{number}@example.com", None, name=f"P{number}", confirmed=True)
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


def people(place: servers.Site, number: int) -> list[Browser]:
    """So many people, each signed in in a browser of their own."""
    said = place.manage("shell", "-v0", "-c", MAKE % number).stdout
    port = place.servers["web"].port
    assert port
    return [Browser(port, key) for key in json.loads(said.partition("KEYS")[2])]


@dataclass
class Watch:
    """What went wrong while people looked at their pages again and again; when each asked, and how long it took."""

    wrong: list[str] = field(default_factory=list)
    took: list[tuple[float, float]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return len(self.took)

    def seconds(self, since: float, until: float) -> list[float]:
        """How long the requests took that were asked between two moments of time.monotonic, the quickest first."""
        return sorted(took for at, took in self.took if since <= at < until)


@contextmanager
def looking(browsers: list[Browser], *, pause: float = 0) -> Iterator[Watch]:
    """Everybody asks for their pages, over and over, four at a time, until the block ends."""
    watch, stop = Watch(), threading.Event()

    def look(mine: list[Browser]) -> None:
        while not stop.is_set():
            for browser in mine:
                if stop.is_set():
                    return
                for path, expected in (("/accounts/", 200), ("/no-such-page", 404)):
                    asked = time.monotonic()
                    status, page, cookie = browser.ask("GET", path)
                    watch.took.append((asked, time.monotonic() - asked))
                    stop.wait(pause)
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
    with redis.hung():
        yield
