"""What a request cost, told in its answer: `Server-Timing: total;dur=3.1, db;dur=0.8;desc="4 queries"`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponseBase


class Queries:
    """Counts what is asked of the databases while it is installed, and for how long; seconds."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - began


def server_timing(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """In MIDDLEWARE where settings.SERVER_TIMING asks for it; browsers show it among the times of a request."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        queries, began = Queries(), time.perf_counter()
        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(queries))
            response = get_response(request)
        total = time.perf_counter() - began
        response.headers["Server-Timing"] = (
            f"total;dur={1000 * total:.1f}, "
            f'db;dur={1000 * queries.seconds:.1f};desc="{queries.count} queries"'
        )
        return response

    return middleware
