"""What processes say of themselves, as JSON or for a terminal: no secret, e-mail address or query string in either.

What is secret is taken out in four ways: by what a request brought (its cookies, its Authorization, its query, fields
named like a secret), by what a contract or a model marks as sensitive, by what the settings hold, and by form (an
e-mail address, a token, credentials in a URL).
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from seam.request import current_request_id
from seam.sensitive import sensitive_values

SENSITIVE = re.compile(
    r"pass(word|wd|phrase)?|secret|token|key$|authorization|cookie|session|csrf|credential|signature|code|e-?mail|login",
    re.IGNORECASE,
)
# Settings whose values are secret, by how their variables are named; those of a file stand in the file.
SECRET_VARIABLES = re.compile(r"(KEY|KEYS|PASSWORD|SECRET|TOKEN)$")
URL = re.compile(r"\w+://[^/\s:@]*:([^/\s@]+)@")
# A value shorter than that stands in too many innocent words.
LEAST = 6
MOST = 200  # values of one request
GONE = "[…]"
FORMS = (
    (re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\boffshoot_[\w-]+"), "[token]"),
    (re.compile(r"[\w-]+(:[\w-]{4,8})?:[\w-]{43}\b"), "[signed]"),  # by django.core.signing
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), r"\1 " + GONE),
    (re.compile(r"(\w+://)[^/\s@]*@"), r"\1" + GONE + "@"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]+"), "?" + GONE),
    (
        re.compile(
            r"(?i)\b([\w-]*(?:password|secret|token|api_key|cookie|csrf)[\w-]*)(['\"]?\s*[=:]\s*['\"]?)[^\s'\",;&]+"
        ),
        r"\1\2" + GONE,
    ),
)

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_request: ContextVar[HttpRequest | None] = ContextVar("logged_request", default=None)


def noted(get_response: GetResponse) -> GetResponse:
    """Middleware: what is logged while a request is served knows whose it is, and what it must not repeat."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(token)

    return middleware


def scrubbed(text: str, told_of: Iterable[object] = ()) -> str:
    """The text without anything secret in it, as far as that can be told. `told_of`: what it was made of."""
    marked = (value for value in (*sensitive_values(), *_of_rows(told_of)) if len(value) >= LEAST)
    for value in [*_of_request(_request.get()), *marked, *_of_settings()]:
        text = text.replace(value, GONE)
    for form, instead in FORMS:
        text = form.sub(instead, text)
    return text


class Formatter(logging.Formatter):
    """The record as it is, without what is secret."""

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record), _arguments(record))


class JsonLines(logging.Formatter):
    """One JSON object to a line: time, level, logger, message, and context, request and principal where known."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "context": _context(record.name),
            "request_id": current_request_id(),
            "principal": _principal(_request.get()),
            "message": scrubbed(record.getMessage(), _arguments(record)),
            "error": scrubbed(self.formatException(record.exc_info)) if record.exc_info else "",
        }
        return json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False)


def configured(form: str, level: str) -> dict[str, Any]:
    """For logging.config: everything goes to stderr in that form; `form` is json or text."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "monolith.logs.JsonLines"},
            "text": {"()": "monolith.logs.Formatter", "format": "%(levelname)s %(name)s: %(message)s"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
        },
    }


def _context(logger: str) -> str:
    """`catalog` of apps.catalog.…; of others the only context that is here, if it is one."""
    app, _dot, rest = logger.partition(".")
    if app == "apps":
        return rest.partition(".")[0]
    return settings.HERE[0].name if len(settings.HERE) == 1 else ""


def _principal(request: HttpRequest | None) -> str:
    """Known only when somebody asked already: a log never asks who is calling."""
    principal = getattr(request, "principal", None)
    asked = getattr(principal, "_wrapped", principal)
    return str(getattr(asked, "id", "") or "")


def _arguments(record: logging.LogRecord) -> Iterable[object]:
    """What the message tells of."""
    given = record.args
    return given.values() if isinstance(given, Mapping) else given or ()


def _of_rows(told_of: Iterable[object]) -> Iterator[str]:
    """The fields of rows that their models name in `sensitive`."""
    for row in told_of:
        yield from (str(getattr(row, name)) for name in getattr(type(row), "sensitive", ()))


def _of_request(request: HttpRequest | None) -> list[str]:
    if request is None:
        return []
    found = (value for value in _brought(request) if len(value) >= LEAST)
    return sorted(dict.fromkeys(found), key=len, reverse=True)[:MOST]


def _brought(request: HttpRequest) -> Iterator[str]:
    yield request.META.get("QUERY_STRING", "")
    yield from request.COOKIES.values()
    for name, value in request.META.items():
        if isinstance(value, str) and name.startswith("HTTP_") and SENSITIVE.search(name):
            yield value
            yield value.rpartition(" ")[2]
    for values in (value for _name, value in request.GET.lists()):
        yield from values
    match = request.resolver_match  # of `/password/reset/key/…` the last part opens an account
    yield from (
        str(value) for name, value in (match.kwargs if match else {}).items() if SENSITIVE.search(name)
    )
    if "_post" in request.__dict__:  # was read already; a log reads no body
        for name, values in request.POST.lists():
            if SENSITIVE.search(name):
                yield from values


@cache
def _of_settings() -> tuple[str, ...]:
    """Keys and passwords, those within URLs too: of databases, brokers, buckets, mail servers."""
    found = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    found += [
        part for value in os.environ.values() for url in URL.findall(value) for part in (url, unquote(url))
    ]
    found += [
        part
        for name, value in os.environ.items()
        if SECRET_VARIABLES.search(name)
        for part in value.split(",")
    ]
    found += [str(each.get("PASSWORD") or "") for each in settings.DATABASES.values()]
    return tuple(sorted({value for value in found if len(value) >= LEAST}, key=len, reverse=True))
