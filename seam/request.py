"""What travels with a request through every binding, event and job; callers set nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from django.utils import translation

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")

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


class RequestIdMiddleware:
    """Gives each request an id, the gateway's own where it sent a sane one, and tells it in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        with request_id(given if SANE.fullmatch(given) else uuid.uuid4().hex):
            response = self.get_response(request)
            response.headers[HEADER] = current_request_id()
            return response


def carried() -> dict[str, str]:
    """What a call takes along: the request's id, and the language its errors are to be worded in."""
    return {"x-request-id": current_request_id(), "accept-language": translation.get_language() or ""}


@contextmanager
def carrying(metadata: Mapping[str, str]) -> Iterator[None]:
    """Serve a call under what its caller took along."""
    with request_id(metadata["x-request-id"]), translation.override(metadata["accept-language"] or None):
        yield
