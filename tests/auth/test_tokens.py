"""A token is given to who is signed in, says who they are for five minutes, and is verified with the public keys."""

import time

import jwt
import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client

from apps.auth import api, sessions
from apps.auth.bearer import verify as who
from apps.auth.contract import Role
from apps.auth.models import Session
from monolith.cache import redis_cache
from tests.auth.tokens import CSRF, ask, bearer, browser, token_for
from tests.people import make_person

pytestmark = pytest.mark.django_db

JWKS = "/.well-known/jwks.json"


def test_somebody_signed_in_gets_a_token_that_anybody_can_verify(alice):
    answer = ask(browser(alice))
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    assert answer.headers["Cache-Control"] == "no-store"

    published = jwt.PyJWKSet.from_dict(Client().get(JWKS).json())
    header = jwt.get_unverified_header(body["access_token"])
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
    claims = jwt.decode(
        body["access_token"],
        published[header["kid"]],
        algorithms=["RS256"],
        audience="offshoot",
        issuer="http://localhost:8000",
    )
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 60
    assert (claims["sub"], claims["role"], claims["name"]) == (str(alice.id), "editor", "Alice")
    session = Session.objects.get(user_id=alice.id)
    assert claims["sid"] == session.pk, "the digest of its key, with which nobody can sign in"


def test_no_token_is_like_another(bob):
    client = browser(bob)
    assert ask(client).json()["access_token"] != ask(client).json()["access_token"]


def test_a_token_needs_a_session_a_csrf_token_and_post(bob):
    assert ask(browser()).status_code == 401
    assert ask(browser()).json()["code"] == "auth.not_authenticated"
    forged = browser(bob).post("/accounts/token")
    assert (forged.status_code, forged.json()["code"]) == (403, "auth.permission_denied")
    assert browser(bob).get("/accounts/token").status_code == 405


def test_a_token_gets_nobody_another_one(bob):
    client = browser(bob)
    token = ask(client).json()["access_token"]
    for asking in (client, browser()):
        answer = ask(asking, **bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.not_authenticated")
        assert "Sign in first" in answer.json()["detail"]


@pytest.fixture
def shared_copies(redis_server, settings):
    """Copies of sessions in a Redis, as where there are several processes."""
    settings.CACHES = settings.CACHES | {
        "sessions": redis_cache(redis_server.url(), prefix="session", serializer="json.JSONSerializer")
    }


def test_an_ended_session_gets_no_token_though_its_copy_lives(bob, shared_copies):
    client = browser(bob)
    assert ask(client).status_code == 200
    get_user_model().objects.filter(pk=bob.id).update(is_active=False)  # behind every copy's back
    assert ask(client).status_code == 401


def test_how_often_one_may_ask_is_limited_for_each_person(bob, charlie, monkeypatch):
    monkeypatch.setattr(api, "LIMIT", {"token": "2/m/key"})
    client = browser(bob)
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]
    refused = ask(browser(bob))
    assert (refused.json()["code"], refused.headers["Retry-After"]) == ("auth.throttled", "60")
    assert ask(browser(charlie)).status_code == 200


def test_the_longest_name_and_address_fit_into_a_token():
    person = make_person(f"{'a' * 64}@{'b' * 180}.example", name="🦉" * 150)
    token = token_for(person)
    assert len(token) <= 4096
    assert who(token) == person


def test_the_public_keys_may_be_kept_and_asked_for_again(django_assert_num_queries):
    client = Client()
    client.get(JWKS)  # makes the first key
    with django_assert_num_queries(1):
        answer = client.get(JWKS)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert not answer.cookies
    again = client.get(JWKS, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(JWKS).status_code == 200
    assert client.post(JWKS).status_code == 405


def test_nothing_private_is_published(db):
    for key in Client().get(JWKS).json()["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}


@pytest.fixture
def me(settings):
    """An API view and a page that say who is calling, beside the site's own URLs."""
    settings.ROOT_URLCONF = "tests.auth.whoami"


def test_pages_and_the_api_know_the_bearer_of_a_token(me, alice):
    headers = bearer(token_for(alice))
    page = Client().get("/whoami", headers=headers)
    assert page.content.decode() == f"{alice.id} alice@example.com Alice editor"
    assert "private" in page.headers["Cache-Control"]
    assert "Authorization" in page.headers["Vary"]
    assert Client().get("/api/whoami", headers=headers).json() == {"name": "Alice"}


def test_a_bearer_needs_no_csrf_token_and_a_cookie_still_does(me, bob):
    client = browser(bob)
    token = ask(client).json()["access_token"]
    assert browser().post("/api/whoami", headers=bearer(token)).json() == {"name": "Bob"}
    assert client.post("/api/whoami").status_code == 403
    assert client.post("/api/whoami", headers={"X-CSRFToken": CSRF}).status_code == 200


def test_beside_a_token_no_session_is_seen(me, alice, bob):
    """Else a page that trusts the session would act for its owner without having asked for a CSRF token."""
    client, headers = browser(alice), bearer(token_for(bob))
    assert client.get("/api/whoami", headers=headers).json() == {"name": "Bob"}
    page = client.get("/accounts/", headers=headers)
    assert page.status_code == 302
    assert page.url.startswith("/accounts/login/")
    assert not page.cookies, "the cookie stays with them"
    assert client.get("/accounts/").status_code == 200


def test_roles_are_those_of_the_token(me, alice, bob):
    assert Client().get("/editors", headers=bearer(token_for(alice))).status_code == 200
    assert Client().get("/editors", headers=bearer(token_for(bob))).status_code == 403


def test_verifying_asks_no_database_and_auth_only_now_and_then(me, bob, django_assert_num_queries):
    headers = bearer(token_for(bob))
    assert Client().get("/api/whoami", headers=headers).status_code == 200
    with django_assert_num_queries(0):
        for _ in range(3):
            assert Client().get("/api/whoami", headers=headers).status_code == 200


def test_a_role_that_was_taken_away_is_gone_with_the_next_token(me, alice):
    token_for(alice)
    get_user_model().objects.filter(pk=alice.id).update(role=Role.MEMBER.value)
    assert who(token_for(alice)).role == Role.MEMBER


def test_a_session_that_is_known_to_have_ended_ends_its_tokens(me, bob, shared_copies):
    """Where processes share a Redis, each knows of it; where not, the token runs out in five minutes."""
    client = browser(bob)
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    headers = bearer(ask(client).json()["access_token"])
    assert Client().get("/api/whoami", headers=headers).status_code == 200
    sessions.end(key)
    assert Client().get("/api/whoami", headers=headers).status_code == 401
