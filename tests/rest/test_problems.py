"""Every error below /api/ is a problem with a code and a sentence, in the form and the language that was asked for."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog.contract import ItemNotFound
from monolith.rest import xml
from monolith.rest.parsers import JSON_BYTES, XML_BYTES
from monolith.urls import (  # noqa: F401  they are this module's handlers too
    handler400,
    handler403,
    handler404,
    handler429,
    handler500,
)
from monolith.urls import urlpatterns as site
from tests.people import sign_in

JSON, XML = "application/json", "application/xml"
ITEMS = "/api/v1/catalog/items/"
RAISED: dict[str, tuple[Exception, int]] = {
    "contract": (ItemNotFound("Gone."), 400),  # this view says nothing else
    "bug": (ValueError("secret"), 500),
    "database": (OperationalError("secret"), 503),
    "big": (RequestDataTooBig("secret"), 413),
    "suspicious": (SuspiciousOperation("secret"), 400),
    "unread": (UnreadablePostError("secret"), 400),
    "denied": (PermissionDenied(), 403),
}
# Outside of the framework Django says this.
DJANGO = {"contract": 500, "big": 400, "unread": 500}


class Echo(APIView):
    """Says what it heard, or raises what it is asked to."""

    authentication_classes = ()

    def get(self, request: Any, kind: str) -> Response:
        if kind == "unwritable":
            return Response({"title": "\x07"})
        raise RAISED[kind][0]

    def post(self, request: Any, kind: str) -> Response:
        return Response(request.data)


def plain(request: HttpRequest, kind: str) -> HttpResponse:
    if kind == "bare":
        return HttpResponse("<h1>no</h1>", status=418)
    raise RAISED[kind][0]


urlpatterns = [path("api/echo/<kind>", Echo.as_view()), path("api/plain/<kind>", plain), *site]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def program() -> Client:
    return Client(raise_request_exception=False)


def said(answer: Any) -> dict[str, Any]:
    """The problem, checked to be one."""
    kind = answer.headers["Content-Type"]
    assert kind in ("application/problem+json", "application/problem+xml"), (kind, answer.content)
    body: Any = json.loads(answer.content) if kind.endswith("json") else xml.read(answer.content)
    assert body["status"] == answer.status_code
    assert body["type"].endswith(f"/api/reference#{body['code']}")
    assert body["title"]
    assert len(body["detail"]) > 3
    assert "secret" not in answer.content.decode()
    return body


@pytest.mark.parametrize("accept", [JSON, XML])
@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("where", ["echo", "plain"])
def test_whatever_is_raised_is_a_problem(program: Client, where: str, kind: str, accept: str) -> None:
    answer = program.get(f"/api/{where}/{kind}", headers={"Accept": accept})
    assert answer.status_code == (DJANGO if where == "plain" else {}).get(kind, RAISED[kind][1])
    assert answer.headers["Content-Type"] == accept.replace("/", "/problem+")
    said(answer)


@pytest.mark.parametrize(
    ("method", "address", "headers", "status", "code"),
    [
        ("get", "/api/nowhere", {}, 404, "api.not_found"),
        ("get", "/api/v1/nowhere", {"Accept": XML}, 404, "api.not_found"),
        ("get", "/api/plain/bare", {}, 418, "api.error"),
        ("put", ITEMS, {}, 405, "catalog.method_not_allowed"),
        ("get", ITEMS, {"Accept": "text/html"}, 406, "catalog.not_acceptable"),
        ("get", ITEMS, {"Host": "not.our.name"}, 400, "api.bad_request"),
        ("get", ITEMS, {"Authorization": "Bearer a.b.c"}, 401, "auth.invalid_token"),
        ("post", ITEMS, {"Accept": XML}, 401, "catalog.not_authenticated"),
        ("get", "/api/v1/media/assets", {}, 401, "media.not_authenticated"),
        ("post", "/accounts/token", {}, 401, "auth.not_authenticated"),
    ],
)
@pytest.mark.django_db(databases="__all__")
def test_whoever_refuses_says_so_as_a_problem(
    program: Client, alice: Any, method: str, address: str, headers: dict[str, str], status: int, code: str
) -> None:
    if method == "put":
        sign_in(program, alice)
    answer = getattr(program, method)(address, headers=headers)
    assert (answer.status_code, said(answer)["code"]) == (status, code)
    if status == 405:
        assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert (status == 401) == ("WWW-Authenticate" in answer.headers)


def test_it_speaks_their_language(program: Client) -> None:
    spanish = said(program.get("/api/nowhere", headers={"Accept-Language": "es"}))
    assert spanish["detail"].startswith("No hay nada en esta dirección")
    assert spanish["code"] == "api.not_found"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (JSON, b"{", 400),
        (JSON, b"[" * 50_000, 400),
        (JSON, b'{"a": NaN}', 400),
        (JSON, b'{"a": 1e999}', 400),
        (JSON, b"\xff", 400),
        (JSON, b'"' + b"a" * JSON_BYTES + b'"', 413),
        (f"{JSON}; charset=utf-16", "{}".encode("utf-16"), 415),
        (XML, b"<a", 400),
        (XML, b"<!DOCTYPE a><a/>", 400),
        (XML, b"<a>" + b"a" * XML_BYTES + b"</a>", 413),
        ("text/xml; charset=latin-1", b"<a/>", 415),
        ("text/csv", b"a,b", 415),
        ("application/x-www-form-urlencoded", b"a=b", 415),
        ("nonsense", b"a", 415),
    ],
)
def test_a_body_that_can_not_be_taken(program: Client, kind: str, body: bytes, status: int) -> None:
    answer = program.generic("POST", "/api/echo/x", body, content_type=kind)
    assert answer.status_code == status, answer.content
    said(answer)


@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=UTF-8", XML, "text/xml; charset=utf-8"])
def test_what_is_heard_is_said_in_the_form_asked_for(program: Client, kind: str) -> None:
    value = {"a b": [None, "", 1, 1.5, True, {"é": []}]}
    body = (json.dumps(value) if JSON in kind else xml.write(value)).encode()
    told = program.post("/api/echo/x", body, content_type=kind, headers={"Accept": JSON})
    assert told.json() == value
    told = program.post("/api/echo/x", body, content_type=kind, headers={"Accept": f"{JSON};q=0.1, {XML}"})
    assert told.headers["Content-Type"].startswith(XML)
    assert xml.read(told.content) == value


def test_what_xml_can_not_say_is_a_406_that_names_the_character(program: Client) -> None:
    assert program.get("/api/echo/unwritable").json() == {"title": "\x07"}
    answer = program.get("/api/echo/unwritable", headers={"Accept": XML})
    assert (answer.status_code, said(answer)["code"]) == (406, "api.not_in_xml")
    assert "U+0007" in said(answer)["detail"]


def test_a_problem_is_logged_once_and_only_where_it_is_ours(program: Client, caplog: Any) -> None:
    with caplog.at_level(logging.ERROR, "django.request"):
        program.get("/api/echo/denied")
        assert not caplog.records
        program.get("/api/echo/bug")
        assert len(caplog.records) == 1
