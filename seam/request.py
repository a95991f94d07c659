"""What travels with a request through every binding, event and job; callers set nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
