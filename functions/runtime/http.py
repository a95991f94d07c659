"""The CloudEvents container: a WSGI app that takes a POST, for Knative, Cloud Run and whatever sends HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from functions.runtime.answering import MOST_BYTES, Answer, Function, refusal
from functions.runtime.environment import function, keys


def app(function: Function) -> Callable[..., Iterable[bytes]]:
    """GET says that it is there; POST is answered as Function.answer says."""

    def wsgi(request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = _answer(function, request)
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        start_response(status, [*answer.headers.items(), ("content-length", str(len(answer.body)))])
        return [answer.body]

    return wsgi


def _answer(function: Function, request: Mapping[str, Any]) -> Answer:
    if request["REQUEST_METHOD"] in ("GET", "HEAD"):
        return refusal(200, f"The function {function.name} takes signed CloudEvents by POST.")
    if request["REQUEST_METHOD"] != "POST":
        return refusal(405, "Send a signed CloudEvent by POST.")
    length = request.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        return refusal(411, "Say with Content-Length how long the event is.")
    if len(length) > 12 or int(length) > MOST_BYTES:
        return refusal(413, f"The event has more than {MOST_BYTES} bytes.")
    return function.answer(_headers(request), request["wsgi.input"].read(int(length)))


def _headers(request: Mapping[str, Any]) -> dict[str, str]:
    named = {
        key.removeprefix("HTTP_"): value
        for key, value in request.items()
        if key.startswith("HTTP_") or key == "CONTENT_TYPE"
    }
    return {key.replace("_", "-").lower(): value for key, value in named.items()}


def deployed() -> Callable[..., Iterable[bytes]]:
    """The app of the function that FUNCTION names. Raises Misconfigured."""
    name, handle = function()
    return app(Function(name, handle, keys()))
