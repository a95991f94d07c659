"""What is logged says whose it is, and holds no secret, e-mail address, token or query string."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.signing import Signer, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from apps.auth.contract import Principal
from apps.auth.models import Session, User
from monolith import logs
from seam.request import request_id
from tests import servers

FORMATTERS = [logs.JsonLines(), logs.Formatter("%(levelname)s %(name)s: %(message)s")]
both = pytest.mark.parametrize("formatter", FORMATTERS, ids=["json", "text"])


def record(message: str, *arguments: Any, error: Exception | None = None) -> logging.LogRecord:
    about = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("apps.catalog.search", logging.ERROR, __file__, 1, message, arguments, about)


def served(request: HttpRequest, act: Callable[[], str]) -> str:
    """What `act` makes while that request is served."""
    said = []

    def view(_request: HttpRequest) -> HttpResponse:
        said.append(act())
        return HttpResponse()

    logs.noted(view)(request)
    return said[0]


def fails(text: str) -> Exception:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


@both
@pytest.mark.parametrize(
    "where", ["query", "cookie", "authorization", "csrf", "password", "email", "new_password2", "code"]
)
def test_what_a_request_brought_in_secret_is_not_repeated(formatter: logging.Formatter, where: str) -> None:
    """Not even where a bug puts it into an error, in pieces that nobody would recognize."""
    secret = secrets.token_hex(8)
    factory = RequestFactory()
    if where == "query":
        request = factory.get("/search", {"q": secret})
    elif where == "cookie":
        request = factory.get("/")
        request.COOKIES["session"] = secret
    elif where in ("authorization", "csrf"):
        header = {"authorization": f"Bearer {secret}", "csrf": secret}[where]
        request = factory.get("/", headers={"x-csrftoken" if where == "csrf" else where: header})
    else:
        request = factory.post("/", {where: secret})
        assert request.POST
    line = served(
        request, lambda: formatter.format(record("Odd: <%s>", secret, error=fails(f"not {secret}!")))
    )
    assert secret not in line
    assert logs.GONE in line


@both
@pytest.mark.parametrize(
    "text",
    [
        "mail to ana.perez+shop@correo.example.com failed",
        "GET /search?q=ana&sort=7 was slow",
        "redis://user:hunter2hunter2@cache:6379/0 is away",
        "Authorization: Bearer abc.def-123",
        "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2ln was refused",
        "token offshoot_Zm9vYmFyYmF6 was refused",
        "password=hunter2hunter2, next",
        '{"api_key": "hunter2hunter2"}',
    ],
)
def test_what_looks_like_a_secret_is_left_out(formatter: logging.Formatter, text: str) -> None:
    line = formatter.format(record("%s", text))
    for secret in ("ana.perez", "q=ana", "hunter2", "abc.def", "eyJ", "Zm9v"):
        assert secret not in line


@both
def test_what_a_model_marks_is_left_out(formatter: logging.Formatter) -> None:
    key = secrets.token_hex(20)
    line = formatter.format(record("%s of %s", Session(key=key), User(email="ana", name="Ana Pérez")))
    assert key not in line
    assert "Ana Pérez" in line


@both
def test_what_is_signed_is_left_out(formatter: logging.Formatter) -> None:
    signed = [Signer().sign_object(["GET", "originals", "ab/cd"]), TimestampSigner().sign("MQ")]
    line = formatter.format(record("%s is late", f"/media/transfer/{signed[0]} and {signed[1]}"))
    assert [
        each for each in signed if each.rpartition(":")[2] in line or each.partition(":")[0] + ":" in line
    ] == []


@both
def test_passwords_within_urls_of_the_settings_are_left_out(
    formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = secrets.token_hex(10)
    monkeypatch.setenv("STORAGE_URL", f"s3://KEY:{password}%2F7@bucket?endpoint=http://127.0.0.1:1")
    logs._of_settings.cache_clear()
    line = formatter.format(record("refused: %s", f"<{password}/7>"))
    logs._of_settings.cache_clear()
    assert password not in line


@both
def test_keys_of_the_settings_are_left_out(
    formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    keys = [secrets.token_hex(20) for _ in range(3)]
    monkeypatch.setenv("RPC_KEY", f"{keys[0]},{keys[1]}")
    settings.SECRET_KEY = keys[2]
    logs._of_settings.cache_clear()
    line = formatter.format(record("keys %s", " ".join(keys)))
    logs._of_settings.cache_clear()
    assert not [key for key in keys if key in line]


def test_a_line_says_whose_it_is() -> None:
    request = RequestFactory().get("/")
    principal = Principal(id="0b7d1d3a-3a6f-4f7e-9f43-2f9b0c9d7f11", email="ana@example.com")  # type: ignore[arg-type]
    request.principal = principal  # type: ignore[attr-defined]
    with request_id("r-7"):
        said = json.loads(served(request, lambda: FORMATTERS[0].format(record("slow\n%s", "second line"))))
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "ERROR",
        "logger": "apps.catalog.search",
        "context": "catalog",
        "request_id": "r-7",
        "principal": "0b7d1d3a-3a6f-4f7e-9f43-2f9b0c9d7f11",
        "message": "slow\nsecond line",
    }


def test_innocent_words_stay() -> None:
    text = "media.render_asset failed 3 times: ValueError: image file is truncated (item 7 of 12), see /pictures/7"
    assert logs.scrubbed(text) == text


@pytest.mark.slow
def test_a_running_site_says_nothing_secret_in_lines_of_json() -> None:
    """Secrets by every way in, at every level of saying; each process's whole output is searched."""
    secret = {
        name: secrets.token_hex(12) for name in ("form", "query", "cookie", "header", "json", "host", "path")
    }
    env = {
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
        "EMAIL_URL": "dummymail://",
        "SECRET_KEY": secrets.token_hex(30),
    }
    with servers.site(env) as site:
        port = int(site.url.rpartition(":")[2])

        def ask(method: str, path: str, body: str = "", **headers: str) -> int:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(method, path, body, headers)
            status = connection.getresponse().status
            connection.close()
            return status

        form = urlencode({"login": f"{secret['form']}@example.com", "password": secret["form"]})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert ask("POST", "/accounts/login/", form, **kind) == 403  # no CSRF token
        assert ask("GET", f"/nowhere?q={secret['query']}") == 404
        assert ask("GET", "/pictures/", Cookie=f"session={secret['cookie']}") == 302
        assert ask("GET", "/pictures/", Authorization=f"Bearer a.{secret['header']}.c") == 401
        assert ask("POST", "/api/v1/catalog/items/", json.dumps({"title": secret["json"]})) in (401, 403, 415)
        key = f"/accounts/password/reset/key/3-{secret['path']}/"
        assert ask("POST", key, form, **kind) == 403
        assert ask("GET", "/", Host=f"user:{secret['host']}@evil.example") == 400
        site.wait_for("/accounts/password/reset/key/3-", 30)
        said = site.output()
    assert [name for name, value in secret.items() if value in said] == []
    assert env["SECRET_KEY"] not in said
    assert "@example.com" not in said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    refused = next(line for line in lines if "Forbidden (CSRF" in line["message"])
    assert refused["request_id"]
    assert refused["level"] == "WARNING"
    others = [line for line in said.splitlines() if line and not line.startswith("{")]
    assert [line for line in others if not line.startswith(("worker: ", "relay: "))] == [], (
        "but for the first"
    )
