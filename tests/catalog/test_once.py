"""Idempotency-Key: a POST that is sent twice is done once, whatever happens in between."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.auth.contract import Role
from apps.catalog import once, service
from apps.catalog.models import Answer, Item
from tests import plans
from tests.people import make_person, sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
ITEMS = "/api/v1/catalog/items/"


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


def post(client, address=ITEMS, data=None, key="one", **headers):
    headers = {"idempotency-key": key} | headers
    body = json.dumps({"title": "Boat"} if data is None else data)
    return client.post(address, body, content_type="application/json", headers=headers)


def test_the_same_again_gets_the_same_answer_and_makes_nothing(editor):
    first, second = post(editor), post(editor)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert (first["Location"], first["ETag"]) == (second["Location"], second["ETag"])
    assert Item.objects.count() == 1


def test_the_answer_comes_in_the_form_that_is_asked_for(editor):
    made = post(editor).json()
    assert made["id"] in post(editor, accept="application/xml").content.decode()


def test_another_body_is_refused(editor):
    post(editor)
    refused = post(editor, data={"title": "Ship"})
    assert (refused.status_code, refused.json()["code"]) == (422, "catalog.idempotency_key_used_otherwise")
    assert Item.objects.count() == 1


def test_a_key_that_is_none_is_refused(editor):
    for key in ("", "two words", "k" * 256):
        assert post(editor, key=key).json()["code"] == "catalog.invalid_idempotency_key"
    assert not Item.objects.exists()


def test_a_key_is_ones_own_and_case_counts(editor):
    dora = sign_in(Client(), make_person("dora@example.com", name="Dora", role=Role.EDITOR))
    for client, key in ((editor, "one"), (editor, "ONE"), (dora, "one")):
        assert post(client, key=key).status_code == 201
    assert Item.objects.count() == 3


def test_publishing_again_is_answered_though_the_version_is_another_by_then(editor, item):
    made = item("Boat", published=False)
    address, seen = f"{ITEMS}{made.pk}/publish/", f'"{made.version}"'
    first = post(editor, address, {}, **{"if-match": seen})
    assert post(editor, address, {}, **{"if-match": seen}).json() == first.json()
    assert post(editor, address, {}, key="two", **{"if-match": seen}).status_code == 412


def test_what_failed_is_tried_anew(editor, monkeypatch):
    def crash(*args, **kwargs):
        service.create_item_really(*args, **kwargs)
        raise SystemExit

    monkeypatch.setattr(service, "create_item_really", service.create_item, raising=False)
    with monkeypatch.context() as broken:
        broken.setattr(service, "create_item", crash)
        with pytest.raises(SystemExit):
            post(editor)
    assert not Item.objects.exists()
    assert not Answer.objects.exists()
    assert post(editor).status_code == 201


def test_after_a_day_the_key_is_free_and_the_answer_gone(editor):
    post(editor), post(editor, key="two")
    Answer.objects.update(at=timezone.now() - once.KEPT - timedelta(seconds=1))
    assert post(editor, data={"title": "Ship"}).status_code == 201
    assert Answer.objects.count() == 1


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_many_at_once_make_one(editor, alice):
    answers = []

    def send():
        try:
            answers.append(post(editor))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Item.objects.count() == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert made
    assert all(one == made[0] for one in made)


@plans.on_mariadb
@pytest.mark.django_db(databases="__all__", transaction=True)
def test_while_it_is_under_way_the_same_is_told_to_come_back(editor, monkeypatch):
    answers = []

    def slowly(*args, **kwargs):
        def again():
            answers.append(post(editor))
            connections.close_all()

        thread = threading.Thread(target=again)
        thread.start()
        thread.join(60)
        return create(*args, **kwargs)

    create = service.create_item
    monkeypatch.setattr(service, "create_item", slowly)
    assert post(editor).status_code == 201
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "catalog.request_under_way")
