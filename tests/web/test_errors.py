"""Every error has a page that says what to do, in the reader's language, and needs nothing that may be broken."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from monolith.urls import (  # noqa: F401  they are this module's handlers too
    handler400,
    handler403,
    handler404,
    handler429,
    handler500,
)
from monolith.urls import urlpatterns as site
from monolith.web import views
from seam.wire import Unavailable

SPANISH = {"HTTP_ACCEPT_LANGUAGE": "es-MX,es;q=0.9"}
ERRORS: dict[str, Exception] = {
    "bug": ValueError("secret detail"),
    "database": OperationalError("2006, gone away"),
    "connection": InterfaceError("closed"),
    "service": Unavailable("media does not answer"),
    "suspicious": SuspiciousOperation("hm"),
    "denied": PermissionDenied("no"),
}


def broken(request: HttpRequest, kind: str) -> HttpResponse:
    raise ERRORS[kind]


@csrf_protect
@require_POST
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken")


def busy(request: HttpRequest) -> HttpResponse:
    return views.too_many_requests(request)


urlpatterns: list[URLPattern | URLResolver] = [
    path("broken/<kind>", broken),
    path("api/broken/<kind>", broken),
    path("form", form),
    path("busy", busy),
    *site,
]

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("url", "status", "english", "spanish"),
    [
        ("/nowhere", 404, "Nothing grows here", "Aquí no crece nada"),
        ("/broken/denied", 403, "This page is not open to you", "Esta página no está abierta para ti"),
        ("/broken/suspicious", 400, "We could not read that request", "No pudimos leer esa solicitud"),
        ("/broken/bug", 500, "Something broke on our side", "Algo falló de nuestro lado"),
        ("/broken/database", 503, "We will be right back", "Volvemos enseguida"),
        ("/broken/connection", 503, "We will be right back", "Volvemos enseguida"),
        ("/broken/service", 503, "We will be right back", "Volvemos enseguida"),
        ("/busy", 429, "That was a lot at once", "Fueron demasiados intentos seguidos"),
        ("/form", 405, "This address can't be opened like that", "Esta dirección no se puede abrir así"),
    ],
)
def test_error_pages_speak_the_readers_language(
    visitor: Client, url: str, status: int, english: str, spanish: str
) -> None:
    first = visitor.get(url, HTTP_ACCEPT_LANGUAGE="en")
    second = visitor.get(url, **SPANISH)
    assert (first.status_code, second.status_code) == (status, status)
    assert english in first.content.decode()
    assert spanish in second.content.decode()
    assert '<html lang="es"' in second.content.decode()
    assert "secret detail" not in first.content.decode()


def test_a_form_that_is_out_of_date_says_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/form", **SPANISH)
    assert answer.status_code == 403
    assert "Este formulario caducó" in answer.content.decode()


def test_an_error_is_in_its_own_language_and_not_that_of_the_request_before(visitor: Client) -> None:
    visitor.get("/nowhere", **SPANISH)
    answer = visitor.get("/nowhere", HTTP_HOST="not.our.name", HTTP_ACCEPT_LANGUAGE="en")
    assert answer.status_code == 400
    assert "We could not read that request" in answer.content.decode()


def test_an_error_can_be_found_in_the_log_by_what_its_page_says(visitor: Client) -> None:
    answer = visitor.get("/broken/bug", HTTP_X_REQUEST_ID="abc-123")
    assert "abc-123" in answer.content.decode()
    assert answer.headers["X-Request-ID"] == "abc-123"


def test_what_passes_says_when_to_come_back(visitor: Client) -> None:
    for url in ("/broken/database", "/busy"):
        assert int(visitor.get(url).headers["Retry-After"]) > 0
    assert visitor.get("/broken/database").headers["Cache-Control"] == "no-store"


def test_the_method_that_is_allowed_is_named(visitor: Client) -> None:
    assert visitor.get("/form").headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("url", "status"), [("/api/broken/bug", 500), ("/api/broken/denied", 403), ("/api/nowhere", 404)]
)
def test_the_api_answers_errors_in_json(visitor: Client, url: str, status: int) -> None:
    answer = visitor.get(url)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_the_last_page_comes_even_when_templates_are_broken(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*args: object, **kwargs: object) -> str:
        raise ValueError("Missing staticfiles manifest entry")

    monkeypatch.setattr(views.loader, "render_to_string", missing)
    answer = visitor.get("/broken/bug")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "Algo falló de nuestro lado" in answer.content.decode()


def test_pages_of_the_last_resort_touch_no_database(visitor: Client) -> None:
    """Without the `db` fixture pytest-django refuses every query; a session cookie tempts us to make one."""
    visitor.cookies["session"] = "0" * 32
    for url in ("/broken/bug", "/broken/database", "/broken/suspicious", "/offline"):
        assert visitor.get(url).status_code in {200, 400, 500, 503}
