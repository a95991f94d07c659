"""With Redis away, all that can be guessed or asked for is limited, and says nothing about who has an account."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from monolith.cache import redis_cache
from tests.auth.mails import outbox
from tests.auth.test_enumeration import UNKNOWN, answer_of
from tests.people import PASSWORD, Principal
from tests.servers import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def redis_is_away(settings: Any) -> None:
    away = redis_cache(f"redis://127.0.0.1:{free_port()}/0", prefix="site")
    settings.CACHES = settings.CACHES | {"default": away}
    assert caches["default"].add("anything", 1) is None


NEW = "a quite other secret 9"
KEY = "/accounts/password/reset/key/1-set-password/"
# Address, what is sent, and how often one may.
BY_ANYBODY = [
    ("/accounts/password/reset/", {"email": "bob@example.com"}, 5),
    ("/accounts/password/reset/", {"email": UNKNOWN}, 5),
    ("/accounts/signup/", {"email": "bad", "password1": "x"}, 20),
    (KEY, {"password1": NEW, "password2": NEW}, 20),
    ("/accounts/2fa/webauthn/login/", {"credential": "{}"}, 10),
]
BY_ONESELF = [
    ("/accounts/reauthenticate/", {"password": "wrong"}, 5),
    ("/accounts/email/", {"action_add": "", "email": "bad"}, 10),
    ("/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW, "password2": NEW}, 5),
]


def is_refused(answer: Any) -> bool:
    return answer.status_code == 429 or "Too many" in answer.content.decode()


def tries(client: Client, path: str, fields: dict[str, str], most: int) -> int:
    """How many were let through before the first was refused."""
    for number in range(most + 3):
        if is_refused(client.post(path, fields)):
            return number
    return most + 3


@pytest.mark.parametrize(("path", "fields", "most"), BY_ANYBODY)
def test_nobody_asks_more_often_than_this(
    path: str, fields: dict[str, str], most: int, bob: Principal
) -> None:
    assert tries(Client(), path, fields, most) == most


@pytest.mark.parametrize(("path", "fields", "most"), BY_ONESELF)
def test_who_is_signed_in_guesses_no_more_often_than_this(
    path: str, fields: dict[str, str], most: int, bob: Principal, client: Client
) -> None:
    client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    assert tries(client, path, fields, most) == most


def test_changing_to_an_address_that_somebody_has(alice: Principal, bob: Principal, client: Client) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    taken = answer_of(client, "/accounts/email/", {"action_add": "", "email": bob.email}, bob.email)
    pages = [client.get("/accounts/email/").content.decode().count(bob.email)]
    other = Client()
    other.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    other.post("/accounts/reauthenticate/", {"password": PASSWORD})
    free = answer_of(other, "/accounts/email/", {"action_add": "", "email": UNKNOWN}, UNKNOWN)
    pages.append(other.get("/accounts/email/").content.decode().count(UNKNOWN))
    assert taken == free
    assert pages[0] == pages[1]
    assert [mail.to for mail in outbox()][-2:] == [[bob.email], [UNKNOWN]]
