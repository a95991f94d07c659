"""What belongs on every answer: headers that keep other sites out, probes, and a page where an error has none."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from monolith.web import health, views

GetResponse = Callable[[HttpRequest], HttpResponseBase]

PROBES = {"/livez": health.livez, "/readyz": health.readyz}


def isolation(get_response: GetResponse) -> GetResponse:
    """No other site may embed what we answer, and no page of ours embeds what did not agree to it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        return response

    return middleware


def probes(get_response: GetResponse) -> GetResponse:
    """Answers /livez and /readyz before ALLOWED_HOSTS is asked: an orchestrator calls them by IP address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path)
        return probe(request) if probe else get_response(request)

    return middleware


def bare_errors(get_response: GetResponse) -> GetResponse:
    """Gives a page to errors that Django answers with an empty body, as it does with 405."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:  # type: ignore[attr-defined]
            page = views.method_not_allowed(request)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response

    return middleware
