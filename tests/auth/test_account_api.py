"""One's account by the API: what its pages show and end, for a token with the scope and for a session."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.auth import known, leaving, tokens
from apps.auth.models import ApiToken, Session, User
from monolith.rest import xml
from tests.people import PASSWORD, sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
ACCOUNT = "/api/v1/account/"


@pytest.fixture
def call(alice):
    """Alice's program, with a token that may see and change her account."""
    token = tokens.make_token(
        person_id=alice.id, name="script", scopes=["account:read", "account:write"], days=7
    )

    def ask(path, method="get", data=None, **headers):
        own = {"authorization": f"Bearer {token}", **headers}
        return getattr(Client(), method)(ACCOUNT + path, data, content_type="application/json", headers=own)

    return ask


@pytest.fixture
def browser(client, alice):
    """Where Alice is signed in."""
    return sign_in(client, alice)


def show_who_is_there(browser):
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_who_one_is(call, alice):
    told = call("").json()
    assert (told["id"], told["email"], told["role"]) == (str(alice.id), alice.email, alice.role.value)
    assert told == xml.read(call("", accept="application/xml").content)


def test_a_name_is_changed_and_seen_at_once(call, browser, alice):
    assert call("", "put", {"name": "Alice B."}).json()["name"] == "Alice B."
    assert User.objects.get(pk=alice.id).name == "Alice B."
    answer = browser.put(ACCOUNT, {"name": "Alice C."}, content_type="application/json")
    assert answer.json()["name"] == "Alice C."
    assert "Alice C." in browser.get("/accounts/").content.decode()


@pytest.mark.parametrize("sent", [{}, [], "Alice", {"name": 7}, {"name": None}, {"name": "x" * 151}])
def test_what_is_no_name_is_refused_and_nothing_changes(call, alice, sent):
    answer = call("", "put", sent)
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert User.objects.get(pk=alice.id).name == alice.name


def test_devices_are_listed_and_signed_out(call, browser, alice):
    other = sign_in(Client(headers={"user-agent": "Firefox/130 Windows"}), alice)
    [own, *_others] = browser.get(f"{ACCOUNT}sessions/").json()["items"]
    assert own["current"]
    found = call("sessions/").json()["items"]
    assert len(found) == 2
    assert not any(each["current"] for each in found)
    there = next(each["id"] for each in found if each["id"] != own["id"])
    assert call(f"sessions/{there}/", "delete").status_code == 204
    assert other.get("/accounts/").status_code == 302
    assert browser.get("/accounts/").status_code == 200
    assert call(f"sessions/{there}/", "delete").status_code == 404


def test_nobody_ends_what_is_somebody_elses(call, bob):
    sign_in(Client(), bob)
    his = Session.objects.get(user=bob.id)
    token = tokens.make_token(person_id=bob.id, name="his", scopes=["media:read"], days=7)
    for path in (f"sessions/{his.pk}/", f"tokens/{known.digest(token)}/", "apps/his/"):
        assert call(path, "delete").status_code == 404
    assert Session.objects.get(user=bob.id).ended_at is None
    assert ApiToken.objects.filter(user=bob.id).exists()


def test_tokens_are_listed_without_what_they_are_and_revoked(call, alice):
    token = tokens.make_token(person_id=alice.id, name="till", scopes=["media:read"], days=7)
    answer = call("tokens/")
    assert token not in answer.content.decode()
    [till] = [each for each in answer.json()["items"] if each["name"] == "till"]
    assert till["scopes"] == ["media:read"]
    assert call(f"tokens/{till['id']}/", "delete").status_code == 204
    refused = Client().get("/api/v1/media/assets", headers={"authorization": f"Bearer {token}"})
    assert refused.status_code == 401


def test_all_data_is_that_of_the_file(call, alice):
    told = call("data/").json()
    assert told["account"]["email"] == alice.email
    assert set(told) == set(leaving.data_of(alice.id))


def test_a_session_shows_first_who_is_there_and_a_signed_token_can_not(browser):
    for path in ("tokens/", "data/"):
        refused = browser.get(ACCOUNT + path)
        assert refused.status_code == 403
        assert refused.json()["code"] == "auth.reauthentication_required"
        assert "/accounts/reauthenticate/" in refused.json()["detail"]
    signed = browser.post("/accounts/token").json()["access_token"]
    show_who_is_there(browser)
    by_token = {"authorization": f"Bearer {signed}"}
    for path in ("tokens/", "data/"):
        assert browser.get(ACCOUNT + path).status_code == 200
        assert Client().get(ACCOUNT + path, headers=by_token).status_code == 403
    assert Client().get(ACCOUNT, headers=by_token).status_code == 200


def test_a_token_that_only_sees_ends_nothing(alice):
    token = tokens.make_token(person_id=alice.id, name="eye", scopes=["account:read"], days=7)
    headers = {"authorization": f"Bearer {token}"}
    assert Client().get(f"{ACCOUNT}tokens/", headers=headers).status_code == 200
    refused = Client().delete(f"{ACCOUNT}tokens/{known.digest(token)}/", headers=headers)
    assert refused.status_code == 403
    assert ApiToken.objects.filter(user=alice.id).exists()
