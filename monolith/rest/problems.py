"""PUBLIC: every error of the API, wherever it arises, as RFC 9457 has it: application/problem+json, or +xml.

`code` is stable and for programs; `detail` is a sentence for people and says what to do; `fields` says which fields are
wrong and why; `type` leads to what the site says of the code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils.translation import gettext_lazy, pgettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response

from monolith.rest.renderers import JSON, PROBLEMS, XML, preferred, problem_xml
from seam import ContractError

API = "/api/"
REFERENCE = "/api/reference"

# What happened, in few words, and what to do about it where nobody said so more exactly.
SAID: dict[int, tuple[str, Any, Any]] = {
    400: (
        "bad_request",
        gettext_lazy("It can't be read"),
        gettext_lazy("We could not read that request. Look at its address, its headers and its body."),
    ),
    401: (
        "not_authenticated",
        gettext_lazy("Sign in first"),
        gettext_lazy("Sign in, or send a token: “Authorization: Bearer …”."),
    ),
    403: (
        "permission_denied",
        gettext_lazy("You may not do that"),
        gettext_lazy("Your account may not do this. Ask the staff of this site for access."),
    ),
    404: (
        "not_found",
        gettext_lazy("It is not there"),
        gettext_lazy("There is nothing at this address. /api/reference tells which addresses there are."),
    ),
    405: (
        "method_not_allowed",
        gettext_lazy("Another method is needed"),
        gettext_lazy("This address does not take that method. `Allow` says which it takes."),
    ),
    406: (
        "not_acceptable",
        gettext_lazy("It can't be said like that"),
        gettext_lazy("This address answers with application/json or application/xml. Ask for one in Accept."),
    ),
    409: (
        "conflict",
        gettext_lazy("Something else came first"),
        gettext_lazy("What you sent does not fit what is there now. Read it again, then send your change."),
    ),
    411: (
        "length_required",
        gettext_lazy("Its length is missing"),
        gettext_lazy("Say in Content-Length how long the body is."),
    ),
    412: (
        "precondition_failed",
        gettext_lazy("Somebody else changed it"),
        gettext_lazy(
            "It is no longer what If-Match says. Read it again, then send your change with its ETag."
        ),
    ),
    413: (
        "too_large",
        gettext_lazy("That was too large"),
        gettext_lazy("It is more than can be sent at once. Send less."),
    ),
    415: (
        "unsupported_media_type",
        gettext_lazy("It is in another form than is read here"),
        gettext_lazy("Say in Content-Type what you send; /api/reference tells what this address takes."),
    ),
    422: (
        "invalid",
        gettext_lazy("Something in it is not right"),
        gettext_lazy("Some fields are not right; `fields` says which and why."),
    ),
    429: (
        "throttled",
        gettext_lazy("That was a lot at once"),
        gettext_lazy("Too many requests. Wait as many seconds as Retry-After says, then go on."),
    ),
    500: (
        "server_error",
        gettext_lazy("Something broke on our side"),
        gettext_lazy("It has been noted. Try again; if it stays, tell us the X-Request-ID of this answer."),
    ),
    503: (
        "unavailable",
        gettext_lazy("Part of the site is not answering"),
        gettext_lazy("Try again in as many seconds as Retry-After says."),
    ),
}
OTHERWISE = (
    "error",
    pgettext_lazy("title of an error", "That did not work"),
    gettext_lazy("Look at its status."),
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    status: int
    code: str
    detail: str
    fields: Mapping[str, Any] | list[Any] | None = field(default=None)

    @property
    def body(self) -> dict[str, Any]:
        said = {
            "type": f"{settings.SITE_URL}{REFERENCE}#{self.code}",
            "title": str(_said(self.status)[1]),
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
        }
        return said | ({} if self.fields is None else {"fields": self.fields})


def problem_of(status: int, *, detail: str = "", code: str = "", context: str = "api") -> Problem:
    """That status, said in the usual words where there are no better ones."""
    usual, _title, sentence = _said(status)
    return Problem(status=status, code=code or f"{context}.{usual}", detail=detail or str(sentence))


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem in the form they asked for, or in JSON."""
    form = preferred(request, PROBLEMS) or JSON
    body = problem_xml(problem.body) if form == XML else json.dumps(problem.body)
    response = HttpResponse(body, status=problem.status, content_type=PROBLEMS[form])
    response.headers["Vary"] = "Accept, Accept-Language"
    return response


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """EXCEPTION_HANDLER of Django REST Framework. None leaves the error to Django: its 500 is a problem too.

    A view says by `statuses` what its contract's errors are in HTTP (400 where it says nothing), and by
    `invalid_code` what fields that are wrong are called.
    """
    view, request = context["view"], context["request"]
    problem = _problem_of(error, view)
    if problem is None:
        return None
    renderer = getattr(request, "accepted_renderer", None)
    form = getattr(renderer, "media_type", JSON)
    return Response(
        problem.body, problem.status, headers=_headers(error), content_type=PROBLEMS.get(form, PROBLEMS[JSON])
    )


def _problem_of(error: Exception, view: Any) -> Problem | None:
    context = context_of(view)
    match error:
        case ContractError():
            status = getattr(view, "statuses", {}).get(type(error), HTTPStatus.BAD_REQUEST)
            return Problem(
                status=status,
                code=error.code,
                detail=str(error) or str(_said(status)[2]),
                fields=error.fields or None,
            )
        case Http404():
            return problem_of(HTTPStatus.NOT_FOUND, context=context)
        case PermissionDenied():
            return problem_of(HTTPStatus.FORBIDDEN, detail=str(error), context=context)
        case RequestDataTooBig():
            return problem_of(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, context=context)
        case SuspiciousOperation() | UnreadablePostError():
            return problem_of(HTTPStatus.BAD_REQUEST, context=context)
        case exceptions.ValidationError():
            code = getattr(view, "invalid_code", f"{context}.invalid")
            sentence = str(_said(HTTPStatus.UNPROCESSABLE_ENTITY)[2])
            return Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                code=code,
                detail=sentence,
                fields=_fields(error.detail),
            )
        case exceptions.APIException():
            return _of_framework(error, context)
    return None


def _of_framework(error: exceptions.APIException, context: str) -> Problem:
    """What the framework says by itself tells what happened and not what to do; what we raise does."""
    usual = str(error.detail) == str(type(error).default_detail)
    code = error.detail.code if isinstance(error.detail, exceptions.ErrorDetail) else error.default_code
    known = isinstance(
        error, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType | exceptions.Throttled
    )
    detail = "" if usual or known else str(error.detail)
    return problem_of(error.status_code, detail=detail, code=f"{context}.{code}")


def _fields(detail: Any) -> Any:
    return detail if isinstance(detail, dict) else {"": detail}


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def context_of(view: Any) -> str:
    """`catalog` of a view in apps.catalog; `api` of any other."""
    app, _dot, rest = type(view).__module__.partition(".")
    return rest.partition(".")[0] if app == "apps" else "api"


def _said(status: int) -> tuple[str, Any, Any]:
    return SAID.get(int(status), OTHERWISE)
