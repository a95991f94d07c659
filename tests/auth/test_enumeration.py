"""Nobody finds out who has an account: the same answer after the same work, and limits on asking."""

import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.auth import evenly
from apps.auth.models import Attempt
from monolith.cache import redis_cache
from seam.db import open_transaction
from tests.auth.hashers import CountingHasher
from tests.auth.mails import outbox
from tests.people import PASSWORD, make_person
from tests.servers import free_port

pytestmark = pytest.mark.django_db

UNKNOWN = "nobody@example.com"


def answer_of(client, path, fields, *typed):
    """Status, place and words of an answer, without what was typed and without one-time tokens."""
    response = client.post(path, fields)
    body = re.sub(r'value="[A-Za-z0-9]{64}"', "", response.content.decode())
    for text in typed:
        body = body.replace(text, "")
    headers = {name: response.headers.get(name) for name in ("Location", "Vary", "Cache-Control")}
    return response.status_code, headers, body


@pytest.fixture
def work(settings):
    """How many passwords were hashed since it was asked last."""
    settings.PASSWORD_HASHERS = ["tests.auth.hashers.CountingHasher"]

    def count():
        worked, CountingHasher.worked = CountingHasher.worked, 0
        return worked

    return count


def test_an_unknown_address_and_a_wrong_password_are_told_apart_by_nothing(work):
    make_person("bob@example.com")
    work()
    wrong = answer_of(
        Client(), "/accounts/login/", {"login": "bob@example.com", "password": "x"}, "bob@example.com"
    )
    assert work() == 1
    unknown = answer_of(Client(), "/accounts/login/", {"login": UNKNOWN, "password": "x"}, UNKNOWN)
    assert work() == 1
    assert wrong == unknown
    assert wrong[0] == 200


def test_an_account_that_is_not_active_is_told_apart_by_nothing_either(work):
    make_person("bob@example.com")
    get_user_model().objects.update(is_active=False)
    work()
    wrong = answer_of(
        Client(), "/accounts/login/", {"login": "bob@example.com", "password": "x"}, "bob@example.com"
    )
    assert work() == 1
    assert wrong == answer_of(Client(), "/accounts/login/", {"login": UNKNOWN, "password": "x"}, UNKNOWN)


def test_signing_up_with_an_address_that_has_an_account(work):
    make_person("bob@example.com")
    work()
    fields = {"name": "", "password1": PASSWORD}
    taken = answer_of(Client(), "/accounts/signup/", fields | {"email": "bob@example.com"})
    assert work() == 1
    free = answer_of(Client(), "/accounts/signup/", fields | {"email": UNKNOWN})
    assert work() == 1
    assert taken == free
    told, confirm = outbox()
    assert (told.to, confirm.to) == (["bob@example.com"], [UNKNOWN])
    assert "/confirm-email/" not in told.body
    assert "/confirm-email/" in confirm.body


class Clock:
    """In place of `time`: each look at it takes `work`, and sleeping takes no time."""

    def __init__(self, work):
        self.now, self.work = 1000.0, work

    def monotonic(self):
        self.now += self.work
        return self.now

    def sleep(self, seconds):
        assert seconds >= 0
        self.now += seconds


def seconds_of(monkeypatch, path, fields, *, work):
    """How long an answer takes whose making takes `work`."""
    clock = Clock(work)
    monkeypatch.setattr(evenly, "time", clock)
    began = clock.now + work
    Client().post(path, fields)
    return clock.now - began


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/login/", {"login": UNKNOWN, "password": "x"}),
        ("/accounts/signup/", {"email": UNKNOWN, "password1": PASSWORD}),
        ("/accounts/password/reset/", {"email": UNKNOWN}),
    ],
)
def test_an_answer_does_not_tell_by_how_long_it_took(path, fields, monkeypatch):
    monkeypatch.setattr(evenly, "STEP", 0.5)
    took = [seconds_of(monkeypatch, path, fields, work=work) for work in (0.2, 0.3, 0.6)]
    assert took == pytest.approx([0.5, 0.5, 1.0])


def test_who_signs_in_does_not_wait(bob, monkeypatch):
    monkeypatch.setattr(evenly, "STEP", 0.5)
    fields = {"login": bob.email, "password": PASSWORD}
    assert seconds_of(monkeypatch, "/accounts/login/", fields, work=0.2) == 0


def test_two_who_sign_up_with_one_address_at_once(monkeypatch):
    """The second got past the form before the first was kept."""
    from allauth.account.internal import flows

    make_person("bob@example.com")
    monkeypatch.setattr(flows.manage_email, "email_already_exists", lambda email, **_: (email, False))
    answer = Client().post("/accounts/signup/", {"email": "bob@example.com", "password1": PASSWORD})
    assert answer.url == "/accounts/confirm-email/"


def test_resetting_the_password_of_an_unknown_address():
    make_person("bob@example.com")
    known = answer_of(Client(), "/accounts/password/reset/", {"email": "bob@example.com"})
    unknown = answer_of(Client(), "/accounts/password/reset/", {"email": UNKNOWN})
    assert known == unknown
    assert [message.to for message in outbox()] == [["bob@example.com"], [UNKNOWN]]


@pytest.mark.parametrize("address", ["bob@example.com", UNKNOWN])
def test_guessing_is_limited_for_known_and_unknown_alike(address, bob):
    for _ in range(5):
        tried = Client().post("/accounts/login/", {"login": address, "password": "x"})
        assert "Too many" not in tried.content.decode()
    tried = Client().post("/accounts/login/", {"login": address, "password": PASSWORD})
    assert "Too many" in tried.content.decode()
    assert Attempt.objects.exists(), "what is counted are rows, the same for every process"


def test_the_limit_holds_while_redis_is_away(bob, settings):
    settings.CACHES = settings.CACHES | {
        "default": redis_cache(f"redis://127.0.0.1:{free_port()}/0", prefix="site"),
    }
    assert caches["default"].add("anything", 1) is None, "this Redis is away"
    for _ in range(5):
        Client().post("/accounts/login/", {"login": bob.email, "password": "x"})
    tried = Client().post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    assert "Too many" in tried.content.decode()


def test_one_address_of_the_network_may_try_only_so_often(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    for number in range(10):  # a header that anybody can write makes nobody somebody else
        Client(headers={"X-Forwarded-For": f"203.0.113.{number}"}).post(
            "/accounts/login/", {"login": f"{number}@example.com", "password": "x"}
        )
    tried = Client().post("/accounts/login/", {"login": "other@example.com", "password": "x"})
    assert "Too many" in tried.content.decode()


def test_attempts_are_forgotten_in_time(bob):
    for _ in range(5):
        Client().post("/accounts/login/", {"login": bob.email, "password": "x"})
    real = time.time
    try:
        time.time = lambda: real() + 301
        tried = Client().post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    finally:
        time.time = real
    assert tried.url == "/"


def test_what_is_counted_is_written_in_transactions_of_this_context(bob):
    written = []

    def note(execute, sql, params, many, context):
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and "accounts_attempt" in sql:
            written.append((sql.split()[0], open_transaction()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        Client().post("/accounts/login/", {"login": bob.email, "password": "x"})
        Attempt.objects.update(expires=timezone.now() - timedelta(days=1))
        Client().post("/accounts/login/", {"login": bob.email, "password": "x"})
    assert {"INSERT", "DELETE"} <= {verb for verb, _ in written}
    assert {context for verb, context in written if context} == {"auth"}
    assert [verb for verb, context in written if context is None] == ["UPDATE"], "only the test's own"
