"""docs/roles.md says who may do what; every address is asked as each of them, and the answers are compared with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from apps.auth import tokens
from apps.auth.contract import Role
from tests.people import make_person, sign_in
from tests.servers import ROOT
from tests.test_prefixes import ADDRESSES

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.django_db(databases="__all__")]

PEOPLE = ("visitor", "member", "editor", "staff")
METHODS = ("GET", "POST")
ROW = re.compile(r"^\| ([^|]*) \| ([^|]*) \|(.*)\|$", re.M)
PLACE = re.compile(r"`(?:(GET|POST) )?(/[^`]*)`")
EVERY = sorted({address for _owner, address in ADDRESSES})
# Where it is not by who they are that people pass: in the middle of signing in, by a token or a signed address.
OTHERWISE = {
    "/accounts/login/code/confirm/",
    "/accounts/2fa/authenticate/",
    "/accounts/2fa/webauthn/login/",
    "/admin/logout/",
    "/identity/o/api/userinfo",
    "/media/transfer/dunes",
}
# In the admin what may be added or removed depends on the row; that staff get in is enough here.
ADMIN = {"/admin/", "/admin/accounts/user/", "/admin/accounts/job/"}


@cache
def table() -> list[tuple[str, str, set[str]]]:
    """Method ("" for any), beginning of an address, and who may ask for it, as the page says."""
    return [
        (method, place, {who for who, mark in zip(PEOPLE, marks.split("|"), strict=True) if "✓" in mark})
        for _what, places, marks in ROW.findall((ROOT / "docs" / "roles.md").read_text())
        if marks.count("|") == len(PEOPLE) - 1 and "✓" in marks
        for method, place in PLACE.findall(places)
    ]


def who_may(method: str, address: str) -> set[str]:
    fitting = [row for row in table() if row[0] in ("", method) and address.startswith(row[1])]
    return max(fitting, key=lambda row: len(row[1]))[2]


def is_refused(answer: HttpResponse) -> bool:
    """Sent to sign in, or told that they may not; who is to show once more who they are may."""
    if answer.status_code == 302:
        return answer["Location"].startswith(("/accounts/login/", "/admin/login/"))
    return answer.status_code in (401, 403) and b"reauthentication_required" not in answer.content


def asked(client: Client, method: str, address: str, **headers: Any) -> HttpResponse:
    return client.generic(method, address, "", "application/x-www-form-urlencoded", headers=headers)


@pytest.fixture
def clients() -> dict[str, Client]:
    made = {"visitor": Client()}
    for role in Role:
        made[role.value] = Client()
        sign_in(made[role.value], make_person(f"{role.value}@example.com", role=role))
    return made


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", PEOPLE)
def test_each_may_do_what_the_table_says_and_nothing_else(
    clients: dict[str, Client], who: str, method: str
) -> None:
    told = {}
    for address in EVERY:
        if address in OTHERWISE or (method == "POST" and address == "/accounts/logout/"):
            continue
        if who == "staff" and address.startswith("/admin/") and address not in ADMIN:
            continue
        answer = asked(clients[who], method, address)
        if answer.status_code != 405 and is_refused(answer) == (who in who_may(method, address)):
            told[address] = answer.status_code
    assert told == {}, f"the page says otherwise of what {who} may {method}"


def test_the_table_is_read() -> None:
    assert who_may("GET", "/items/dunes") == set(PEOPLE)
    assert who_may("POST", "/api/v1/catalog/items/") == {"editor", "staff"}
    assert who_may("GET", "/admin/accounts/user/") == {"staff"}
    assert len(table()) > 15


# Answered before anybody is asked who they are; and what allauth reads tokens of its own for.
OPEN = ("/api/", "/media/", "/identity/")


def opened() -> Iterator[tuple[str, str, str]]:
    """Scope, method and beginning of an address, as the page says."""
    for scope, place in re.findall(
        r"^\| `(\w+:\w+)` \| (`.*`) \|$", (ROOT / "docs" / "roles.md").read_text(), re.M
    ):
        yield from ((scope, method, beginning) for method, beginning in PLACE.findall(place))


@pytest.mark.parametrize("scope", tokens.SCOPES)
def test_a_token_opens_what_its_scopes_say_and_nothing_else(scope: str) -> None:
    dora = make_person("dora@example.com", role=Role.STAFF)
    token = tokens.make_token(person_id=dora.id, name="walk", scopes=[scope], days=7)
    [(method, beginning)] = [(method, place) for name, method, place in opened() if name == scope]
    told = {}
    for address in EVERY:
        for wanted in METHODS:
            answer = asked(Client(), wanted, address, authorization=f"Bearer {token}")
            if address.startswith("/api/v1/"):
                is_open = wanted == method and address.startswith(beginning)
                is_open |= "visitor" in who_may(wanted, address)
                is_right = answer.status_code == 405 or is_refused(answer) != is_open
            else:
                is_right = answer.status_code == 401 or address.startswith(OPEN)
            if not is_right:
                told[wanted, address] = answer.status_code
    assert told == {}
