"""What belongs on every answer: headers that keep other sites out, probes, and a page where an error has none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, UnreadablePostError

from monolith.web import health, views

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# More than any request that is not refused for its size: ten of the largest pictures.
LARGEST = 10 * settings.MEDIA_MAX_UPLOAD_MB * 10**6
CHUNK = 64 * 1024
PROBES = {"/livez": health.livez, "/readyz": health.readyz}


def whole_requests(get_response: GetResponse) -> GetResponse:
    """Takes in what an answer left unread of its request, unless that is larger than LARGEST bytes.

    gunicorn closes the connection on more than 64 KB of it, without a word: a proxy that kept it open loses the next
    request to that, and a browser may never see why its upload was refused.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if int(request.META.get("CONTENT_LENGTH") or 0) <= LARGEST:
            with contextlib.suppress(UnreadablePostError):  # whoever sent it has gone
                while request.read(CHUNK):
                    pass
        return response

    return middleware


def isolation(get_response: GetResponse) -> GetResponse:
    """No other site may embed what we answer, and no page of ours embeds what did not agree to it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        return response

    return middleware


def private(get_response: GetResponse) -> GetResponse:
    """What does not say who may keep it is nobody's to keep but the browser's, which asks each time."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
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
