"""Where a request reads: from one replica of each context, or from the primaries once it or its browser wrote.

Only requests, and calls on behalf of one, read from replicas; jobs, commands and what is done about them never do.
Within one request a context is read from one place, and where that changes, then to the primary: so what is read
later is never older than what was read before. docs/databases.md tells what is promised.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

from seam import watcher
from seam.registry import Served, registry

# How long a browser that wrote reads from the primaries: longer than any replica in use can be behind, which is
# MOST_BEHIND and what it may fall back further until it is asked again.
PINNED_SECONDS = 10
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass
class Reading:
    """What one request may read, and where it has read so far.

    `strict`: from primaries and nowhere else. `pinned`: from primaries, as long as they are there.
    """

    strict: bool = False
    pinned: bool = False
    wrote: bool = False
    failed: bool = False
    places: dict[str, str] = field(default_factory=dict)

    def place(self, served: Served) -> str:
        if self.strict or self.wrote:
            return served.alias
        if served.alias not in self.places:
            self.places[served.alias] = self._choose(served)
        return self.places[served.alias]

    def _choose(self, served: Served) -> str:
        if self.pinned and not watcher.is_away(served.alias):
            return served.alias
        usable = [alias for alias in served.replicas if watcher.replica(alias).is_usable]
        random.shuffle(usable)
        return next((alias for alias in usable if _connects(alias)), served.alias)

    def lost(self, alias: str) -> None:
        """A replica failed: the rest is read from the primary, and what was read so far is not to be trusted."""
        watcher.replica(alias).leave_out()
        self.failed = True
        self.strict = True


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)


def place(served: Served) -> str:
    """The alias to read a context from, here and now."""
    reading = _reading.get()
    return served.alias if reading is None or not served.replicas else reading.place(served)


def note_write() -> None:
    """From here on this request reads from primaries, and its browser for a while."""
    reading = _reading.get()
    if reading is not None:
        reading.wrote = True


def may_be_late() -> bool:
    """Whether what is read here and now may come from a replica."""
    reading = _reading.get()
    return reading is not None and not (reading.strict or reading.pinned or reading.wrote)


def are_used(context: str) -> bool:
    """Whether a context that is here has replicas."""
    return bool(registry[context].replicas)


@contextmanager
def reading(*, late: bool) -> Iterator[Reading]:
    """What is read inside may come from replicas, or from primaries and nowhere else."""
    own = Reading(strict=not late)
    token = _reading.set(own)
    try:
        yield own
    finally:
        _reading.reset(token)


class ReadingMiddleware:
    """Lets requests read from replicas, and remembers in a cookie that a browser has just written.

    What failed because of a replica is asked a second time, from the primaries.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        outer = _reading.get()
        is_late = request.method in SAFE and not (outer and outer.strict)
        with reading(late=is_late) as own:
            own.pinned = settings.WROTE_COOKIE_NAME in request.COOKIES or "HTTP_AUTHORIZATION" in request.META
            response = self.get_response(request)
        if own.failed and is_late and response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            with reading(late=False) as own:
                response = self.get_response(request)
        if own.wrote and _somewhere_is_late():
            response.set_cookie(
                settings.WROTE_COOKIE_NAME,
                "1",
                max_age=PINNED_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def _somewhere_is_late() -> bool:
    """Whether a replica may be read anywhere: of one that is elsewhere we don't know."""
    here = list(registry)
    elsewhere = registry.contracts.keys() - {served.name for served in here} - {"seam"}
    return bool(elsewhere) or any(served.replicas for served in here)


def _connects(alias: str) -> bool:
    connection = connections[alias]
    try:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
    except (DatabaseError, InterfaceError):
        watcher.replica(alias).leave_out()
        return False
    return True


def lost(alias: str) -> None:
    """A server failed. Where this request reads from it, and it is a replica, the rest is read from the primary."""
    reading = _reading.get()
    if reading is not None and alias in reading.places.values() and "." in alias:
        reading.lost(alias)


def _watched(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Around each statement on a replica."""
    try:
        return execute(sql, params, many, context)
    except (OperationalError, InterfaceError):
        lost(context["connection"].alias)
        raise


def _watch(connection: Any, **_: Any) -> None:
    is_replica = any(connection.alias in served.replicas for served in registry)
    if is_replica and _watched not in connection.execute_wrappers:
        connection.execute_wrappers.append(_watched)


connection_created.connect(_watch, dispatch_uid="seam.replicas")
