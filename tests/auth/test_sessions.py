"""A session is a row; whatever else knows of it is believed for a few seconds and checked."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from apps.auth import known, service, sessions
from apps.auth.contract import Role
from apps.auth.models import Job, Session
from apps.auth.sessions import SessionStore
from monolith.cache import redis_cache
from tests.people import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["without Redis", "with Redis"])
def kept_in(request, settings):
    """Where copies are kept: nowhere, or in a real Redis."""
    if request.param == "with Redis":
        server = request.getfixturevalue("redis_server")
        settings.CACHES = settings.CACHES | {
            "sessions": redis_cache(server.url(), prefix="session", serializer="json.JSONSerializer")
        }
        caches["sessions"].clear()
    return request.param


@pytest.fixture
def impatient(settings):
    """Copies are checked every time, as they are some seconds later."""
    settings.SESSION_TRUST_SECONDS = 0


def key_of(client):
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


def is_signed_in(client):
    return client.get("/accounts/").status_code == 200


def elsewhere(client):
    """The same browser served by another process, which remembers nothing of this one."""
    known.forget_all()
    return is_signed_in(client)


def test_what_is_put_in_is_there_for_the_next_request(kept_in):
    store = SessionStore()
    store["colour"] = "green"
    store.save()
    store["shape"] = "round"
    store.save()
    again = SessionStore(store.session_key)
    assert dict(again) == {"colour": "green", "shape": "round"}
    assert again.exists(store.session_key)
    assert not again.exists("x" * 32)


def test_a_change_by_one_process_is_seen_by_the_next(kept_in):
    store = SessionStore()
    store.create()
    for number in range(3):
        one = SessionStore(store.session_key)
        one["number"] = number
        one.save()
        assert SessionStore(store.session_key)["number"] == number


def test_reading_a_known_session_asks_no_database_until_it_is_checked(
    bob, settings, django_assert_num_queries
):
    key = key_of(sign_in(Client(), bob))
    known.forget_all()
    with django_assert_num_queries(1):
        assert service.get_session_principal(session_key=key) == bob
    settings.SESSION_TRUST_SECONDS = 0
    with django_assert_num_queries(1):
        assert service.get_session_principal(session_key=key) == bob


def test_a_copy_in_redis_is_believed_and_then_checked_by_one_query(
    bob, redis_server, settings, django_assert_num_queries
):
    settings.CACHES = settings.CACHES | {
        "sessions": redis_cache(redis_server.url(), prefix="session", serializer="json.JSONSerializer")
    }
    key = key_of(sign_in(Client(), bob))
    with django_assert_num_queries(0):
        assert SessionStore(key)[SESSION_KEY] == str(bob.id)
    settings.SESSION_TRUST_SECONDS = 0
    with django_assert_num_queries(1) as queries:
        assert SessionStore(key)[SESSION_KEY] == str(bob.id)
    assert '"data"' not in queries[0]["sql"].replace("`", '"'), "what has not changed is not read again"


def test_the_row_does_not_hold_what_the_cookie_holds(bob):
    key = key_of(sign_in(Client(), bob))
    assert not Session.objects.filter(pk=key).exists()
    assert key not in str(Session.objects.values().get(pk=known.digest(key)))


def test_an_ended_session_is_over_and_its_row_says_so(client, bob, kept_in):
    sign_in(client, bob)
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = key_of(client)
    assert is_signed_in(thief)
    key = key_of(client)
    client.post("/accounts/logout/")
    assert not is_signed_in(thief)
    row = Session.objects.get(pk=known.digest(key))
    assert row.ended_at is not None
    assert row.data == ""


def test_saving_an_ended_session_does_not_bring_it_back(bob, kept_in):
    key = key_of(sign_in(Client(), bob))
    late = SessionStore(key)
    late["colour"] = "green"
    sessions.end(key)
    with pytest.raises(UpdateError):
        late.save()
    assert SessionStore(key).load() == {}
    assert Session.objects.get(pk=known.digest(key)).ended_at is not None
    assert service.get_session_principal(session_key=key) is None


def test_ending_while_a_request_is_in_flight(bob, kept_in):
    key = key_of(sign_in(Client(), bob))

    def view(request):
        request.session["colour"] = "green"
        sessions.end(key)  # signed out in another tab
        return HttpResponse()

    request = RequestFactory().get("/", headers={"Cookie": f"{django_settings.SESSION_COOKIE_NAME}={key}"})
    with pytest.raises(Exception, match="session was deleted"):
        SessionMiddleware(view)(request)
    assert service.get_session_principal(session_key=key) is None


def test_a_copy_of_an_ended_session_in_the_cache_is_found_out(bob, kept_in, impatient):
    """Redis was away when the session ended, and comes back with its copy."""
    key = key_of(sign_in(Client(), bob))
    copy = caches["sessions"].get(known.cache_key(key))
    sessions.end(key)
    caches["sessions"].set(known.cache_key(key), copy)
    assert SessionStore(key).load() == {}
    assert service.get_session_principal(session_key=key) is None


def test_a_copy_from_a_clock_that_is_ahead_is_checked(bob, kept_in):
    key = key_of(sign_in(Client(), bob))
    copy = caches["sessions"].get(known.cache_key(key))
    sessions.end(key)
    if copy:
        caches["sessions"].set(known.cache_key(key), copy | {"checked_at": copy["checked_at"] + 3600})
    assert SessionStore(key).load() == {}


def test_an_empty_cache_signs_nobody_out(client, bob, kept_in):
    sign_in(client, bob)
    caches["sessions"].clear()
    assert elsewhere(client)


@pytest.mark.parametrize(
    "change",
    [
        lambda person: service.end_sessions(person_id=person.id),
        lambda person: get_user_model().objects.filter(pk=person.id).update(is_active=False),
        lambda person: service.delete_person(person_id=person.id),
        lambda person: Session.objects.filter(user=person.id).update(ended_at=timezone.now()),
        lambda person: Session.objects.filter(user=person.id).update(expires_at=timezone.now()),
        lambda person: set_password(person),
    ],
    ids=["signed out everywhere", "not active", "deleted", "ended", "expired", "new password"],
)
def test_who_may_no_longer_is_signed_out_everywhere(change, client, bob, kept_in, impatient):
    sign_in(client, bob)
    assert is_signed_in(client)
    change(bob)
    assert not is_signed_in(client)
    assert service.get_session_principal(session_key=key_of(client) or "x" * 32) is None


def set_password(person):
    user = get_user_model().objects.get(pk=person.id)
    user.set_password("another long secret 8")
    user.save()


def test_a_new_role_is_seen(client, bob, kept_in, impatient):
    key = key_of(sign_in(client, bob))
    get_user_model().objects.filter(pk=bob.id).update(role=Role.STAFF.value)
    assert service.get_session_principal(session_key=key).role is Role.STAFF


def test_made_active_again_one_signs_in_anew(client, dora, bob, impatient):
    sign_in(client, bob)
    admin = sign_in(Client(), dora)
    url = f"/admin/accounts/user/{bob.id}/change/"
    for active in ({}, {"is_active": "on"}):
        assert admin.post(url, {"name": "Bob", "role": "member"} | active).status_code == 302
    assert get_user_model().objects.get(pk=bob.id).is_active
    assert not is_signed_in(client)


def test_sessions_that_are_over_are_cleared_away(bob):
    live, expired, ended, old = (key_of(sign_in(Client(), bob)) for _ in range(4))
    now = timezone.now()
    row = lambda key: Session.objects.filter(pk=known.digest(key))  # noqa: E731
    row(expired).update(expires_at=now - timedelta(seconds=1))
    sessions.end(ended)
    row(old).update(ended_at=now - sessions.KEEP_ENDED - timedelta(seconds=1))
    SessionStore.clear_expired()
    assert [row(key).exists() for key in (live, expired, ended, old)] == [True, False, True, False]


@pytest.mark.django_db(databases="__all__")
def test_clearing_away_is_done_once_a_day_by_a_job(bob, settle):
    over = key_of(sign_in(Client(), bob))
    sign_in(Client(), bob)
    Session.objects.filter(pk=known.digest(over)).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Job.objects.filter(name=sessions.CLEAR).count() == 1
    settle()
    assert not Session.objects.filter(pk=known.digest(over)).exists()
    assert Session.objects.filter(user=bob.id).count() == 1


def test_when_somebody_was_last_seen_is_noted_seldom(bob, django_assert_num_queries):
    key = key_of(sign_in(Client(), bob))
    before = Session.objects.get(pk=known.digest(key)).seen_at
    service.get_session_principal(session_key=key)
    assert Session.objects.get(pk=known.digest(key)).seen_at == before
    long_ago = before - sessions.SEEN_EVERY * 2
    Session.objects.update(seen_at=long_ago)
    service.get_session_principal(session_key=key)
    assert Session.objects.get(pk=known.digest(key)).seen_at > long_ago


@pytest.mark.parametrize("key", ["", "x", "x" * 32, "ñ" * 40, "../../etc/passwd", "x" * 5000, "a\x00b"])
def test_a_made_up_key_is_nobody(key):
    assert service.get_session_principal(session_key=key) is None
    assert SessionStore(key).load() == {}


def test_the_cookie_is_not_deleted_when_the_database_is_away(client, bob, monkeypatch):
    from django.db import OperationalError
    from django.db.models import QuerySet

    sign_in(client, bob)
    known.forget_all()

    def away(*_):
        raise OperationalError("the server has gone away")

    monkeypatch.setattr(QuerySet, "_fetch_all", away)
    client.raise_request_exception = False
    answer = client.get("/accounts/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert not answer.cookies
    monkeypatch.undo()
    assert is_signed_in(client)
