"""Who is calling: free for the signed-out, right for the signed-in, and never open by failure."""

import json
import time
from http import HTTPStatus

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from apps.auth import client as auth
from apps.auth import known, sessions
from apps.auth.contract import Auth, Principal, Role
from seam import atomic
from seam.db import TransactionMisuse
from tests.people import sign_in

pytestmark = pytest.mark.django_db

COOKIE = django_settings.SESSION_COOKIE_NAME


@auth.require_role(Role.EDITOR)
def editors_only(request):
    return HttpResponse(f"hello {request.principal.name}")


@auth.require_sign_in
def members_only(request):
    return HttpResponse("hello")


def get(view, *, key=None, method="get", path="/pictures/?page=2", **headers):
    if key:
        headers["Cookie"] = f"{COOKIE}={key}"
    request = getattr(RequestFactory(), method)(path, headers=headers)
    return auth.PrincipalMiddleware(view)(request)


def forget_everything():
    known.forget_all()
    caches["sessions"].clear()


def key_for(person):
    return sign_in(Client(), person).cookies[COOKIE].value


def test_without_a_cookie_nobody_is_asked(django_assert_num_queries):
    def view(request):
        assert request.principal is auth.ANONYMOUS
        assert not request.principal.is_authenticated
        return HttpResponse()

    with django_assert_num_queries(0):
        response = get(view)
    assert not response.has_header("Vary")
    assert not response.has_header("Cache-Control")


def test_with_a_cookie_nobody_is_asked_until_it_matters(bob, django_assert_num_queries):
    key = key_for(bob)
    with django_assert_num_queries(0):
        response = get(lambda _request: HttpResponse(), key=key)
    assert not response.has_header("Vary")


def test_what_depends_on_who_asked_is_kept_by_nobody_else(bob):
    response = get(members_only, key=key_for(bob))
    assert response.headers["Vary"] == "Cookie"
    assert "private" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/offline", "/no-such-page", "/accounts/password/reset/done/"])
def test_pages_for_everybody_touch_no_session_and_set_no_cookie(client, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(path)
    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


def test_a_session_is_asked_for_once_in_a_few_seconds(bob, settings, django_assert_num_queries):
    key = key_for(bob)
    forget_everything()
    with django_assert_num_queries(1):
        assert auth.principal_of(key) == bob
    with django_assert_num_queries(0):
        assert auth.principal_of(key) == bob
    settings.SESSION_TRUST_SECONDS = 0
    with django_assert_num_queries(1):
        assert auth.principal_of(key) == bob


def test_a_session_that_ended_elsewhere_is_over_within_seconds(bob, settings):
    settings.SESSION_TRUST_SECONDS = 0.3
    key = key_for(bob)
    assert auth.principal_of(key) == bob
    remembered = known._memory[known.digest(key)]
    sessions.end(key)
    known.remember(key, remembered)  # as another process would
    until = time.monotonic() + 5
    while auth.principal_of(key) == bob:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert auth.principal_of(key) == auth.ANONYMOUS


@pytest.fixture
def auth_is_away(monkeypatch):
    def away(**_):
        raise OperationalError("away")

    class Away:
        get_session_principal = staticmethod(away)

    monkeypatch.setattr(auth, "use", {Auth: Away}.__getitem__)


def test_a_known_session_goes_on_while_auth_is_away(bob, settings, request):
    key = key_for(bob)
    assert auth.principal_of(key) == bob
    settings.SESSION_TRUST_SECONDS = 0
    request.getfixturevalue("auth_is_away")
    assert auth.principal_of(key) == bob
    settings.SESSION_GRACE_SECONDS = 0
    with pytest.raises(auth.AuthIsAway):
        auth.principal_of(key)


def test_nobody_is_let_in_because_auth_is_away(bob, auth_is_away):
    def page(request):
        return HttpResponse(str(request.principal.is_authenticated))

    key = key_for(bob)
    forget_everything()
    assert get(page, key=key).content == b"False", "pages for everybody work"
    with pytest.raises(OperationalError):  # which is answered with 503
        get(members_only, key=key)


@pytest.mark.django_db(databases="__all__")
def test_it_refuses_to_ask_inside_another_contexts_transaction(bob):
    key = key_for(bob)
    auth.principal_of(key)
    with atomic("catalog"), pytest.raises(TransactionMisuse):
        auth.principal_of(key)


def test_roles_open_what_they_should(alice, bob, dora):
    assert get(editors_only, key=key_for(alice)).content == b"hello Alice"
    assert get(editors_only, key=key_for(dora)).content == b"hello Dora"
    with pytest.raises(PermissionDenied):
        get(editors_only, key=key_for(bob))
    assert get(members_only, key=key_for(bob)).content == b"hello"


def test_the_signed_out_are_sent_to_sign_in_and_come_back():
    assert get(members_only).url == "/accounts/login/?next=%2Fpictures%2F%3Fpage%3D2"


def test_after_sending_a_form_signed_out_one_comes_back_to_its_page():
    page = {"Referer": "http://testserver/pictures/upload?x=1"}
    assert (
        get(members_only, method="post", **page).url == "/accounts/login/?next=%2Fpictures%2Fupload%3Fx%3D1"
    )
    assert get(members_only, method="post").url == "/accounts/login/?next=%2F"
    elsewhere = {"Referer": "https://evil.example/pictures/"}
    assert get(members_only, method="post", **elsewhere).url == "/accounts/login/?next=%2F"


def test_htmx_leaves_the_page_for_the_sign_in_page():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/pictures/"}
    response = get(members_only, **headers)
    assert response.status_code == HTTPStatus.NO_CONTENT
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=%2Fpictures%2F"


class Me(APIView):
    permission_classes = (auth.IsSignedIn,)

    def get(self, request):
        return Response({"name": request.user.name})

    post = get


class Editors(Me):
    permission_classes = (auth.IsEditor,)


class Open(Me):
    permission_classes = ()

    def get(self, request):
        return Response({"anonymous": not request.user.is_authenticated, "is": type(request.user).__name__})


def call(view, *, key=None, method="get", token=None):
    request = getattr(APIRequestFactory(enforce_csrf_checks=True), method)("/api/v1/me")
    if key:
        request.COOKIES[COOKIE] = key
    if token:
        request.COOKIES[django_settings.CSRF_COOKIE_NAME] = token
        request.META["HTTP_X_CSRFTOKEN"] = token
    response = auth.PrincipalMiddleware(view.as_view())(request)
    response.render()
    return response.status_code, json.loads(response.content)


def test_the_api_knows_who_is_calling(alice, bob):
    assert call(Me, key=key_for(bob)) == (200, {"name": "Bob"})
    assert call(Me)[0] == HTTPStatus.UNAUTHORIZED
    assert call(Editors, key=key_for(bob))[0] == HTTPStatus.FORBIDDEN
    assert call(Editors, key=key_for(alice)) == (200, {"name": "Alice"})
    assert call(Open) == (200, {"anonymous": True, "is": Principal.__name__})


def test_the_api_takes_no_write_by_cookie_without_a_csrf_token(bob):
    key = key_for(bob)
    assert call(Me, key=key, method="post")[0] == HTTPStatus.FORBIDDEN
    assert call(Me, key=key, method="post", token="a" * 32) == (200, {"name": "Bob"})


def test_the_api_says_so_when_auth_is_away(bob, auth_is_away):
    key = key_for(bob)
    forget_everything()
    assert call(Me, key=key)[0] == HTTPStatus.SERVICE_UNAVAILABLE
    assert call(Open, key=key) == (200, {"anonymous": True, "is": Principal.__name__})
