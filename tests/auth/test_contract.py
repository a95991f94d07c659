"""What auth promises to other contexts, through every binding."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from apps.auth import service, signing
from apps.auth.contract import Auth, Person, PersonNotFound, Role
from apps.auth.models import OutboxEvent, SigningKey
from seam import use
from tests.people import make_person, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("binding")]


def session_of(person):
    return sign_in(Client(), person).cookies[settings.SESSION_COOKIE_NAME].value


def test_who_is_signed_in_by_a_session(alice):
    assert use(Auth).get_session_principal(session_key=session_of(alice)) == alice


def test_nobody_is_signed_in_by_a_session_that_never_was_or_has_ended(bob):
    key = session_of(bob)
    service.end_sessions(person_id=bob.id)
    for session_key in ("", "x" * 32, key):
        assert use(Auth).get_session_principal(session_key=session_key) is None


def test_somebody_by_id(alice):
    expected = Person(id=alice.id, name="Alice", role=Role.EDITOR)
    assert use(Auth).get_person(person_id=alice.id) == expected


def test_nobody_has_that_id():
    with pytest.raises(PersonNotFound, match="Nobody has the id"):
        use(Auth).get_person(person_id=uuid4())


def test_people_by_their_ids(alice, bob, charlie):
    found = use(Auth).list_people(ids=[alice.id, uuid4(), charlie.id, alice.id])
    assert {person.name for person in found} == {"Alice", "Charlie"}
    assert len(found) == 2
    assert use(Auth).list_people(ids=[]) == []


def test_a_reader_may_ask_for_500_people_and_no_more(bob):
    assert use(Auth).list_people(ids=[bob.id, *(uuid4() for _ in range(499))])
    with pytest.raises(ValueError, match="500"):
        service.list_people(ids=[uuid4() for _ in range(501)])


def test_the_keys_that_tokens_are_verified_with():
    [key] = use(Auth).get_signing_keys()
    made = SigningKey.objects.get()
    assert (key.kid, key.n, key.e) == (made.kid, made.n, made.e)
    signing.rotate()
    assert [key.kid for key in use(Auth).get_signing_keys()][1:] == [made.kid]


def test_others_hear_of_accounts_made_and_deleted():
    person = make_person("eva@example.com")
    service.delete_person(person_id=person.id)
    said = OutboxEvent.objects.order_by("created_at").values_list("name", "data")
    assert list(said) == [
        ("auth.user_registered.v1", {"user_id": str(person.id)}),
        ("auth.user_deleted.v1", {"user_id": str(person.id)}),
    ]
    with pytest.raises(PersonNotFound):
        service.delete_person(person_id=person.id)
    assert OutboxEvent.objects.count() == 2, "what did not happen is not told"
