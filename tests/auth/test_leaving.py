"""Taking one's data along, and deleting one's account."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client

from apps.auth import devices, leaving, service, tokens
from apps.auth.models import OutboxEvent
from tests.people import PASSWORD, sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


def shown(client):
    """The client, once it has shown again who it is."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def exists(person):
    return get_user_model().objects.filter(pk=person.id).exists()


def test_somebody_deletes_their_account(client, bob):
    tokens.make_token(person_id=bob.id, name="till", scopes=["media:read"], days=7)
    elsewhere = sign_in(Client(), bob)
    shown(sign_in(client, bob))
    assert "Items of the catalogue that you made stay" in client.get("/accounts/delete/").content.decode()
    answer = client.post("/accounts/delete/", {"sure": "yes"}, follow=True)
    assert "Your account is deleted" in answer.content.decode()
    assert not exists(bob)
    assert elsewhere.get("/accounts/").status_code == 302
    assert client.get("/accounts/").status_code == 302
    assert list(OutboxEvent.objects.filter(name="auth.user_deleted.v1").values_list("data", flat=True)) == [
        {"user_id": str(bob.id)}
    ]


def test_not_by_accident(client, bob):
    shown(sign_in(client, bob))
    for sure in ({}, {"sure": "no"}):
        assert "Tick this if you mean it" in client.post("/accounts/delete/", sure).content.decode()
    assert exists(bob)


def test_not_by_whoever_sits_down_at_an_open_browser(client, bob):
    sign_in(client, bob)
    assert "reauthenticate" in client.post("/accounts/delete/", {"sure": "yes"}).url
    assert "reauthenticate" in client.get("/accounts/data/download").url
    assert exists(bob)


def test_the_last_of_the_staff_stays_until_there_is_another(client, dora, alice):
    shown(sign_in(client, dora))
    answer = client.post("/accounts/delete/", {"sure": "yes"})
    assert answer.status_code == 409
    assert "Make somebody else staff first" in answer.content.decode()
    get_user_model().objects.filter(pk=alice.id).update(role="staff")
    client.post("/accounts/delete/", {"sure": "yes"})
    assert not exists(dora)


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_of_the_last_two_of_the_staff_who_leave_at_once_one_stays(monkeypatch):
    delete = service.delete_person

    def delete_slowly(**who):
        time.sleep(0.3)
        delete(**who)

    def leave(person):
        try:
            leaving.leave(person.pk)
            return "left"
        except leaving.LastOfStaff:
            return "stays"
        finally:
            connections.close_all()

    monkeypatch.setattr(service, "delete_person", delete_slowly)
    people = [
        get_user_model().objects.create_user(email=f"{name}@example.com", role="staff") for name in "ab"
    ]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, people)) == ["left", "stays"]


def test_a_file_has_what_every_context_knows(client, bob, monkeypatch):
    monkeypatch.setattr(leaving, "PAGE", 2)
    tokens.make_token(person_id=bob.id, name="till", scopes=["media:read"], days=7)
    shown(sign_in(client, bob))
    kept = client.session
    kept[devices.AGENT] = "Firefox/143.0"
    kept.save()
    answer = client.get("/accounts/data/download")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    known = json.loads(answer.content)
    assert known["account"]["email"] == "bob@example.com"
    assert [token["name"] for token in known["api_tokens"]] == ["till"]
    assert [session["browser"] for session in known["sessions"]] == ["Firefox/143.0"]
    assert (known["pictures"], known["favourites"]) == ([], [])


def test_pages_of_what_others_know_are_all_asked_for(bob, monkeypatch):
    monkeypatch.setattr(leaving, "PAGE", 2)
    asked = []

    class Page:
        def __init__(self, number):
            self.assets, self.next = [], None if number == 3 else str(number)

    def ask(after):
        asked.append(after)
        return Page(len(asked))

    assert len(list(leaving._pages(ask))) == 3
    assert asked == [None, "1", "2"]
