"""What travels with a request through every binding, event and job; callers set nothing."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from seam import replicas

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")

# What a request may take. What it asks of others must be answered in what remains, less a margin in which to say
# that it was not.
REQUEST_SECONDS = 2.0
MARGIN = 0.05
# What one call may take where nobody waits for a page: in a job, a command, the relay.
OUTSIDE_SECONDS = 10.0

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being served, or an empty string outside one."""
    return _request_id.get()


@contextmanager
def request_id(value: str) -> Iterator[None]:
    """Everything inside belongs to the request of that id."""
    token = _request_id.set(value)
    try:
        yield
    finally:
        _request_id.reset(token)


_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


def is_awaited() -> bool:
    """Whether somebody waits for an answer here: inside a request, or a call that another service makes."""
    return _ends_at.get() is not None


def seconds_left() -> float:
    """What a call to another service may take now; zero or less when the time of this request is used up."""
    ends_at = _ends_at.get()
    return OUTSIDE_SECONDS if ends_at is None else ends_at - time.monotonic() - MARGIN


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """All calls inside must be answered within that time, or sooner where less is left already."""
    ends_at, outer = time.monotonic() + seconds, _ends_at.get()
    token = _ends_at.set(ends_at if outer is None else min(ends_at, outer))
    try:
        yield
    finally:
        _ends_at.reset(token)


class RequestIdMiddleware:
    """Gives each request REQUEST_SECONDS and an id, the gateway's own where it sent a sane one, told in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        with request_id(given if SANE.fullmatch(given) else uuid.uuid4().hex), budget(REQUEST_SECONDS):
            response = self.get_response(request)
            response.headers[HEADER] = current_request_id()
            return response


def carried() -> dict[str, str]:
    """What a call takes along: the request's id, the language for its errors, and whether it may read from replicas."""
    return {
        "x-request-id": current_request_id(),
        "accept-language": translation.get_language() or "",
        "x-may-be-late": "1" if replicas.may_be_late() else "",
    }


@contextmanager
def carrying(metadata: Mapping[str, str]) -> Iterator[None]:
    """Serve a call under what its caller took along; what makes no sense was not taken along."""
    given, language = metadata.get("x-request-id", ""), metadata.get("accept-language", "")
    known = language if language in dict(settings.LANGUAGES) else None
    is_late = metadata.get("x-may-be-late") == "1"
    with (
        request_id(given if SANE.fullmatch(given) else ""),
        translation.override(known),
        replicas.reading(late=is_late),
    ):
        yield
