"""A site on a primary and two replicas: what is read where, and what happens when one is late, dead, hung or back."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import servers
from tests.journeys.place import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replicas")]

TIMEOUT = 3  # DATABASE_TIMEOUT of the site
PATIENCE = 30
DIGITS = re.compile(r"[0-9]+")
TOKEN = "a" * 32
API = "/api/v1/catalog/items/"

# An editor with two sessions, as signing in twice would leave them.
MAKE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from apps.auth.models import User
from apps.auth.sessions import SessionStore
person = User.objects.create_user("ed@example.com", None, name="Ed", confirmed=True, role="editor")
keys = []
for _ in range(2):
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(person.id), person.epoch
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store.save()
    keys.append(store.session_key)
print(json.dumps(keys))
"""


@dataclass
class Answer:
    status: int
    body: str
    headers: http.client.HTTPMessage
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Browser:
    """Keeps its cookies; a new connection for each request, so any process of the site may answer."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, data: object = None, **headers: str) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in ({"csrf": TOKEN} | self.cookies).items())
        headers = {"Cookie": cookies, "X-CSRFToken": TOKEN, "Content-Type": "application/json"} | headers
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        began = time.monotonic()
        try:
            connection.request(method, path, None if data is None else json.dumps(data), headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.partition(";")[0].split("=", 1)
            self.cookies[name] = value
        return Answer(answer.status, body, answer.headers, time.monotonic() - began)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def create(self, title: str) -> str:
        """The address of a new published item."""
        made = self.ask("POST", API, {"title": title})
        assert made.status == 201, made.body
        published = self.ask("POST", f"{API}{made.json['id']}/publish/")
        assert published.status in (200, 204), published.body
        return f"{API}{made.json['id']}/"

    def rename(self, address: str, title: str) -> None:
        answer = self.ask("PUT", address, {"title": title})
        assert answer.status == 200, answer.body

    def title(self, address: str) -> str:
        answer = self.get(address)
        assert answer.status == 200, answer.body
        return str(answer.json["title"])


@dataclass
class Place:
    databases: servers.Replicated
    site: servers.Site
    keys: list[str]

    @property
    def port(self) -> int:
        port = self.site.servers["web"].port
        assert port
        return port

    def signed_in(self, number: int = 0) -> Browser:
        return Browser(self.port, {"session": self.keys[number]})

    def states(self) -> dict[str, str]:
        """How the replicas fare by what every process says; a state in which they don't agree stands as `mixed`.

        Each process counts seconds for itself, so `3 s behind` and `4 s behind` agree.
        """
        said = [Browser(self.port).get("/readyz").json["replicas"] for _ in range(8)]
        return {
            alias: state if len({DIGITS.sub("", one[alias]) for one in said}) == 1 else "mixed"
            for alias, state in said[0].items()
        }

    def wait_until(self, is_so: Callable[[dict[str, str]], bool], seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not is_so(states := self.states()):
            assert time.monotonic() < until, states
            time.sleep(0.1)

    def wait_until_all_are_used(self) -> None:
        self.wait_until(lambda states: set(states.values()) == {"ok"})


@pytest.fixture(scope="module")
def running() -> Iterator[Place]:
    with servers.mariadb_with_replica(replicas=2, durable=True) as databases, servers.redis() as cache:
        # What one process knows of a session, all of them know.
        env = {
            "CACHE_URL": cache.url(),
            "WEB_WORKERS": "2",
            "WEB_THREADS": "4",
            "DATABASE_TIMEOUT": str(TIMEOUT),
            "API_RATE": "1000000",
        }
        with servers.site(databases.env() | env) as site:
            databases.catch_up()
            keys = json.loads(site.manage("shell", "-v0", "-c", MAKE).stdout)
            yield Place(databases, site, keys)


@pytest.fixture
def place(running: Place) -> Iterator[Place]:
    """Everything is well when a test begins."""
    running.wait_until_all_are_used()
    yield running
    for one in (running.databases.primary, *running.databases.replicas):
        one.go_on()
    for replica in running.databases.replicas:
        replica.delay(0)


@contextmanager
def statements(server: servers.MariaDB) -> Iterator[list[str]]:
    """What a server was asked of the catalogue's tables, once the block has ended."""
    found: list[str] = []
    # A replica that wrote a transaction of its own could follow no more.
    empty = "SET sql_log_bin=0; TRUNCATE mysql.general_log"
    server.sql(f"{empty}; SET GLOBAL log_output='TABLE'; SET GLOBAL general_log=ON")
    yield found
    server.sql("SET GLOBAL general_log=OFF")
    asked = "SELECT argument FROM mysql.general_log WHERE command_type IN ('Query', 'Prepare')"
    found.extend(line for line in server.sql(asked).splitlines() if "`catalog_" in line)


@contextmanager
def asking(browsers: dict[str, Browser], paths: list[str]) -> Iterator[list[tuple[str, str, Answer]]]:
    """Everybody looks at these pages, over and over, until the block ends."""
    answers: list[tuple[str, str, Answer]] = []
    stop = threading.Event()

    def look(who: str, browser: Browser) -> None:
        while not stop.wait(0.02):
            for path in paths:
                answers.append((who, path, browser.get(path)))

    threads = [threading.Thread(target=look, args=pair) for pair in browsers.items()]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_reading_is_spread_and_writing_is_not(place: Place) -> None:
    one, other = place.databases.replicas
    with (
        statements(one) as by_one,
        statements(other) as by_other,
        statements(place.databases.primary) as by_primary,
    ):
        for _ in range(24):
            assert place.signed_in().get("/browse").status == 200
    assert len(by_one) > 5
    assert len(by_other) > 5
    events_and_jobs = re.compile("`catalog_(job|outboxevent)`")
    # A page that is held is compared with the database itself, by versions and nothing else.
    expected = re.compile(
        events_and_jobs.pattern + "|SELECT `catalog_listing`.`id` AS `pk`, `catalog_listing`.`version`"
    )
    assert [line for line in by_primary if not expected.search(line)] == []
    assert [line for line in by_one + by_other if events_and_jobs.search(line)] == []


def test_who_wrote_sees_it_at_once_in_every_process_and_others_a_moment_later(place: Place) -> None:
    editor, colleague = place.signed_in(), place.signed_in(1)
    address = editor.create("Number 0")
    place.databases.catch_up()
    for replica in place.databases.replicas:
        replica.delay(1)  # late, and not so late that it is left out
    seen_by_colleague = set()
    for number in range(1, 6):
        editor.rename(address, f"Number {number}")
        assert editor.cookies["wrote"] == "1"
        for _ in range(6):
            assert editor.title(address) == f"Number {number}"
            seen_by_colleague.add((number, colleague.title(address)))
    assert any(title != f"Number {number}" for number, title in seen_by_colleague), (
        "nobody read from a replica"
    )
    until = time.monotonic() + PATIENCE
    while colleague.title(address) != "Number 5":
        assert time.monotonic() < until
    assert "wrote" not in colleague.cookies


def test_a_page_held_for_everybody_is_never_older_than_a_second(place: Place) -> None:
    """Replicas are late here, and pages made from them; none is held under a version that came after it."""
    editor = place.signed_in()
    address = editor.create("Held 0")
    place.databases.catch_up()
    for replica in place.databases.replicas:
        replica.delay(1)
    pages = ["/browse", "/browse?order=title", "/", f"/items/{editor.get(address).json['slug']}"]
    told: list[tuple[float, int]] = []  # since when a title was acknowledged
    with asking({"one": Browser(place.port), "two": Browser(place.port)}, pages) as answers:
        seen: list[tuple[float, str, list[str]]] = []
        for number in range(1, 7):
            editor.rename(address, f"Held {number}")
            told.append((time.monotonic(), number))
            until = time.monotonic() + 2
            while time.monotonic() < until:
                for page in pages:
                    asked_at = time.monotonic()
                    answer = Browser(place.port).get(page)
                    assert answer.status == 200
                    seen.append((asked_at, page, re.findall(r"Held (\d+)", answer.body)))
    assert {answer.status for _who, _path, answer in answers} == {200}
    for asked_at, page, titles in seen:
        known = [number for since, number in told if since < asked_at - 1.3]
        assert all(int(title) >= max(known, default=0) for title in titles), (
            f"{page} showed {titles}, not {known[-1]}"
        )
        assert titles, page


def test_a_replica_that_is_late_is_left_out_and_comes_back(place: Place) -> None:
    late, _other = place.databases.replicas
    late.stop_following()
    with asking({"editor": place.signed_in()}, ["/browse"]) as answers:
        editor = place.signed_in(1)
        editor.create("While nobody follows")
        place.wait_until(lambda states: "s behind" in states["catalog.replica1"], seconds=12)
        # A process that none of the questions above reached may take a moment longer to notice.
        eventually(lambda: not asked_while_looking(place, late))
        assert asked_while_looking(place, late) == []
        assert place.states()["catalog.replica2"] == "ok"
        late.follow_again()
        place.wait_until_all_are_used()
    assert {answer.status for _who, _path, answer in answers} == {200}


def asked_while_looking(place: Place, server: servers.MariaDB) -> list[str]:
    with statements(server) as asked:
        for _ in range(10):
            place.signed_in().get("/browse")
    return asked


@pytest.mark.parametrize("fault", ["kill", "hang"])
def test_a_replica_goes_and_nobody_sees_an_error(place: Place, fault: str) -> None:
    """Both of them, one after the other: the primary answers then."""
    editor = place.signed_in(1)
    people = {str(n): Browser(place.port, {"session": key}) for n, key in enumerate(place.keys)}
    with asking(people | {"visitor": Browser(place.port)}, ["/browse", "/browse?order=title"]) as answers:
        for replica in place.databases.replicas:
            getattr(replica, fault)()
            editor.create(f"While one is away by {fault}")
            time.sleep(1.5)
        place.wait_until(lambda states: all("left out" in state for state in states.values()))
        for replica in place.databases.replicas:
            replica.go_on() if fault == "hang" else replica.start()
        place.wait_until_all_are_used()
    assert {answer.status for _who, _path, answer in answers} == {200}
    # One statement on each, then the primary is asked.
    assert max(answer.seconds for _who, _path, answer in answers) < 2 * TIMEOUT + 4


def test_the_primary_is_killed_under_load_and_loses_nothing_it_acknowledged(place: Place) -> None:
    primary = place.databases.primary
    visitor, reader = Browser(place.port), place.signed_in(1)
    place.signed_in().create("Before")
    place.databases.catch_up()
    place.wait_until_all_are_used()
    assert visitor.get("/browse").status == reader.get("/browse").status == 200
    acknowledged, refused, stop = [], [], threading.Event()

    def write(number: int) -> None:
        writer = place.signed_in()
        for count in range(2000):
            if stop.is_set():
                return
            answer = writer.ask("POST", API, {"title": f"Written {number} {count}"})
            at = time.monotonic()
            if answer.status == 201:
                acknowledged.append((at, answer.json["id"]))
            else:
                refused.append(answer)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(1.5)
        primary.kill()
        gone_at = time.monotonic()
        while time.monotonic() < gone_at + 3:
            assert visitor.get("/browse").status == 200  # held
            assert Browser(place.port).get("/browse?order=price").status == 200
        page = reader.get("/browse")
        assert page.status == 200
        assert '<fieldset class="closed" disabled>' in page.body
        spanish = reader.get("/browse", **{"Accept-Language": "es"})
        assert "Por ahora no se pueden guardar cambios" in spanish.body
        primary.start()
        back_at = time.monotonic()
        time.sleep(4)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert min(at for at, _id in acknowledged if at > gone_at) - back_at < 2
    assert len([1 for at, _id in acknowledged if at < gone_at]) > 5
    assert refused
    assert {answer.status for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 and answer.json["detail"] for answer in refused)
    assert max(answer.seconds for answer in refused) < 2 * TIMEOUT
    kept = set(primary.sql("SELECT HEX(id) FROM offshoot_catalog.catalog_item").lower().split())
    kept |= set(primary.sql("SELECT id FROM offshoot_catalog.catalog_item").lower().replace("-", "").split())
    assert {made.replace("-", "") for _at, made in acknowledged} <= kept
    place.databases.catch_up()
    for replica in place.databases.replicas:
        count = "SELECT COUNT(*) FROM offshoot_catalog.catalog_item"
        assert replica.sql(count) == primary.sql(count)
    assert "closed" not in reader.get("/browse").body


def test_a_primary_that_hangs_holds_nobody_for_long(place: Place) -> None:
    primary = place.databases.primary
    visitor, editor = Browser(place.port), place.signed_in()
    assert visitor.get("/browse").status == editor.get("/browse").status == 200
    with asking({"visitor": visitor, "editor": place.signed_in(1)}, ["/browse"]) as answers:
        primary.hang()
        writes = [editor.ask("POST", API, {"title": "Nobody hears"}) for _ in range(6)]
        primary.go_on()
        until = time.monotonic() + PATIENCE
        while editor.ask("POST", API, {"title": "Heard"}).status != 201:
            assert time.monotonic() < until
    assert {answer.status for answer in writes} == {503}
    assert max(answer.seconds for answer in writes) < 2 * TIMEOUT
    assert max(answer.seconds for answer in writes[2:]) < 1, "known to be away, and asked all the same"
    assert {answer.status for _who, _path, answer in answers} == {200}
    assert max(answer.seconds for _who, _path, answer in answers) < 2 * TIMEOUT


def test_what_is_refused_has_a_page_in_the_readers_language(place: Place) -> None:
    """A form that was open when the primary went."""
    editor = place.signed_in()
    assert editor.get("/editor/").status == 200
    place.databases.primary.kill()
    try:
        for language, sentence in (("en", "We will be right back"), ("es", "Volvemos enseguida")):
            form = {"Accept-Language": language, "Content-Type": "application/x-www-form-urlencoded"}
            answer = editor.ask("POST", "/editor/new", **form)
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert sentence in answer.body
    finally:
        place.databases.primary.start()
