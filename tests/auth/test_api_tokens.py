"""Personal API tokens: made once, shown once, good for what they say and nothing else, until they end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.auth import known, tokens
from apps.auth.contract import Auth
from apps.auth.models import ApiToken
from seam import use
from tests.people import PASSWORD, sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def hers(client, alice):
    """Alice's browser, where she has just shown who she is."""
    sign_in(client, alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def call():
    """Calls the API as a program does: no cookie, one header."""

    def ask(token, path, method="get", **data):
        return getattr(Client(), method)(
            path, data or None, content_type="application/json", headers={"authorization": f"Bearer {token}"}
        )

    return ask


@pytest.mark.parametrize("path", ["/accounts/tokens/", "/accounts/delete/"])
def test_what_was_sent_is_taken_up_after_showing_who_one_is_and_leads_on(client, alice, path):
    sign_in(client, alice)
    sent = {"name": "till", "scopes": ["media:read"], "days": "30"}
    asked = client.post(path, sent)
    done = client.post(asked.url, {"password": PASSWORD}).content.decode()  # at the address of the question
    forms = re.findall(r"<form[^>]*>", done[done.index("<main") :])
    assert [form for form in forms if f'action="{path}"' in form]
    assert [form for form in forms if "action=" not in form] == []


def make(person, *scopes, days=30):
    return tokens.make_token(person_id=person.id, name="script", scopes=list(scopes), days=days)


def test_a_token_is_shown_once_and_works(hers, alice, call):
    page = hers.post("/accounts/tokens/", {"name": "till", "scopes": ["media:read"], "days": "30"})
    token = re.search(r'id="token">(offshoot_[\w-]+)<', page.content.decode())[1]
    assert page.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert token not in hers.get("/accounts/tokens/").content.decode()
    assert token not in str(ApiToken.objects.values().get())
    assert call(token, "/api/v1/media/assets").status_code == 200
    listed = hers.get("/accounts/tokens/").content.decode()
    assert "till" in listed
    assert "See your pictures (<code>media:read</code>)" in listed
    assert 'data-copy="token"' in page.content.decode()


def test_a_token_may_do_what_its_scopes_say_and_is_told_what_is_missing(alice, call):
    token = make(alice, "catalog:write")
    assert call(token, "/api/v1/catalog/items/", "post", title="By script").status_code == 201
    refused = call(token, "/api/v1/media/assets")
    assert refused.status_code == 403
    assert refused.json()["code"].endswith("scope_missing")
    assert "media:read" in refused.json()["detail"]


def test_a_token_gives_nobody_more_than_they_may(bob, call):
    assert call(make(bob, "catalog:write"), "/api/v1/catalog/items/", "post", title="x").status_code == 403


def test_a_token_is_good_for_the_api_only(alice, call):
    token = make(alice, *tokens.SCOPES)
    for path in ("/accounts/", "/editor/", "/admin/", "/pictures/", "/"):
        assert call(token, path).status_code == 401, path
    assert call(token, "/accounts/token", "post").status_code == 401


def test_a_revoked_token_ends_at_once(hers, alice, call):
    token = make(alice, "media:read")
    assert call(token, "/api/v1/media/assets").status_code == 200
    hers.post("/accounts/tokens/", {"revoke": known.digest(token)})
    assert call(token, "/api/v1/media/assets").status_code == 401


def test_nobody_revokes_a_token_of_somebody_else(hers, bob, call):
    token = make(bob, "media:read")
    hers.post("/accounts/tokens/", {"revoke": known.digest(token)})
    assert call(token, "/api/v1/media/assets").status_code == 200


@pytest.mark.parametrize("how", ["expired", "inactive", "deleted"])
def test_a_token_ends_with_its_time_and_its_person(alice, how):
    token = make(alice, "media:read")
    row = ApiToken.objects.get()
    if how == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "inactive":
        row.user.is_active = False
        row.user.save()
    else:
        row.user.delete()
    assert use(Auth).get_token_principal(token=token) is None


def test_making_one_asks_once_more_who_it_is(client, alice):
    sign_in(client, alice)  # long ago
    answer = client.post("/accounts/tokens/", {"name": "x", "scopes": ["media:read"], "days": "30"})
    assert "reauthenticate" in answer.url
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "", "scopes": ["media:read"], "days": "30"},
        {"name": "x", "days": "30"},
        {"name": "x", "scopes": ["admin:all"], "days": "30"},
        {"name": "x", "scopes": ["media:read"], "days": "100000"},
        {"name": "x" * 101, "scopes": ["media:read"], "days": "30"},
    ],
)
def test_a_wrong_form_makes_none_and_says_why(hers, wrong):
    answer = hers.post("/accounts/tokens/", wrong)
    assert "errorlist" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_there_is_an_end_to_how_many(hers, alice, monkeypatch):
    monkeypatch.setattr(tokens, "MOST", 2)
    for _ in range(3):
        answer = hers.post("/accounts/tokens/", {"name": "x", "scopes": ["media:read"], "days": "30"})
    assert "You have 2 tokens already" in answer.content.decode()
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("token", ["offshoot_", "offshoot_x", "offshoot_" + "x" * 5000, "offshoot_é"])
def test_what_is_no_token_is_refused(db, call, token):
    assert Client().get("/api/v1/media/assets", headers={"authorization": f"Bearer {token}"}).status_code in (
        401,
        403,
    )


def test_when_it_was_last_used_is_noted(alice, call):
    token = make(alice, "media:read")
    call(token, "/api/v1/media/assets")
    assert ApiToken.objects.get().used_at is not None


def test_the_page_speaks_the_readers_language_throughout(hers):
    page = hers.get("/accounts/tokens/", headers={"accept-language": "es"}).content.decode()
    assert "90 días" in page
    assert "Leer el catálogo" in page
