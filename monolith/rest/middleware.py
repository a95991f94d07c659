"""What every answer below /api/ has: an error is a problem, whoever answered it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from monolith.rest.problems import API, answer, problem_of
from monolith.rest.xml import Unwritable

GetResponse = Callable[[HttpRequest], HttpResponseBase]
PROBLEM = "application/problem+"
# What of an answer belongs to its body, and so not to the problem that takes its place.
OF_THE_BODY = {"content-type", "content-length", "content-encoding", "etag", "last-modified", "vary"}


def told(get_response: GetResponse) -> GetResponse:
    """Headers that tell a program what it may do next: where the next page is, how often it may still ask."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if rate := getattr(request, "rate", None):
            rate.tell(response)
        data = getattr(response, "data", None)
        if isinstance(data, Mapping) and data.get("next"):
            query = request.GET.copy()
            query["after"] = str(data["next"])
            response.headers["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
        return response

    return middleware


class Problems:
    """Makes a problem of any error that is none yet: Django's own, another middleware's, a refused token's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type", "").startswith(PROBLEM):
            return response
        said = _said(response)
        if not request.path.startswith(API) and not said:
            return response
        with translation.override(translation.get_language_from_request(request)):
            return _instead(request, response, said)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What a view made can't be said in the form that was asked for."""
        if not isinstance(error, Unwritable):
            return None
        return answer(
            request, problem_of(HTTPStatus.NOT_ACCEPTABLE, detail=str(error), code="api.not_in_xml")
        )


def _instead(request: HttpRequest, response: HttpResponseBase, said: dict[str, Any]) -> HttpResponse:
    """The problem in place of an error, with all headers of it that are not about its body."""
    detail, code = str(said.get("detail", "")), str(said.get("code", ""))
    made = answer(request, problem_of(response.status_code, detail=detail, code=code))
    for name, value in response.items():
        if name.lower() not in OF_THE_BODY:
            made.headers[name] = value
    made.cookies = response.cookies
    return made


def _said(response: HttpResponseBase) -> dict[str, Any]:
    """The code and the sentence of an error in JSON that means to be one of the API."""
    if response.streaming or not response.headers.get("Content-Type", "").startswith("application/json"):
        return {}
    try:
        body = json.loads(response.content)  # type: ignore[attr-defined]
    except ValueError:
        return {}
    return body if isinstance(body, dict) and {"code", "detail"} <= set(body) else {}
