"""PUBLIC: who is calling, in any process: `request.principal`, and what views and the API ask of it.

They show it by the session's cookie, or by a token that auth signed (bearer.py). Imports nothing of how auth keeps
its people, so it works the same where auth is another service.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import APIException
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from apps.auth import bearer
from apps.auth.contract import Auth, Principal, Role
from apps.auth.known import TOKEN_PREFIX, AuthIsAway, Known, recall, remember
from seam import use
from seam.binding import refuse_inside_transaction
from seam.db import open_transaction
from seam.wire import CallFailed

__all__ = [
    "ANONYMOUS",
    "AuthIsAway",
    "IsEditor",
    "IsSignedIn",
    "IsStaff",
    "PrincipalAuthentication",
    "PrincipalMiddleware",
    "principal_of",
    "principal_of_token",
    "require_role",
    "require_sign_in",
]

log = logging.getLogger(__name__)

# Where tokens are shown that another app was given; allauth's provider reads them.
OF_OTHER_APPS = "/identity/"

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

ANONYMOUS = Principal()
AWAY = (OperationalError, InterfaceError, CallFailed)


def principal_of(session_key: str) -> Principal:
    """Who is signed in by that session, at most SESSION_TRUST_SECONDS old; ANONYMOUS when it has ended.

    Raises AuthIsAway when auth can't be asked and has not been for SESSION_GRACE_SECONDS. Raises
    seam.db.TransactionMisuse inside a transaction, known or not: find out who is calling before it begins.
    """
    return _found_out(session_key, lambda: use(Auth).get_session_principal(session_key=session_key))


def principal_of_token(token: str) -> Principal:
    """The same for whom a program calls that has this personal token; `scopes` say what it may."""
    return _found_out(token, lambda: use(Auth).get_token_principal(token=token))


def _found_out(key: str, ask: Callable[[], Principal | None]) -> Principal:
    if open_transaction() is not None:
        refuse_inside_transaction("auth")
    known = recall(key)
    if known is None or not known.is_fresh:
        known = _ask(ask, known)
    remember(key, known)
    return known.principal or ANONYMOUS


def _ask(ask: Callable[[], Principal | None], known: Known | None) -> Known:
    asked_at = time.time()
    try:
        return Known(ask(), asked_at)
    except AWAY as error:
        if known is None or not known.may_go_on:
            raise AuthIsAway("Who is calling can't be told: auth does not answer.") from error
        log.warning("auth does not answer; a session checked %.0f s ago goes on", asked_at - known.checked_at)
        return known


class PrincipalMiddleware:
    """Sets `request.principal`, found out when it is first looked at; without a session cookie it costs nothing.

    A bearer token is looked at first: a wrong one is answered with 401, and beside one no session is seen.

    Where auth is away and the session is not known either, the caller counts as nobody: pages for everybody
    work, and `require_sign_in` answers 503. No cookie is ever deleted for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            token = bearer.token_of(request) if not request.path_info.startswith(OF_OTHER_APPS) else None
            principal = _by_bearer(request, token) if token else None
        except bearer.Refused as reason:
            return bearer.refusal(request, reason)
        if principal is not None:
            return self._by_token(request, principal)
        return self._by_session(request)

    def _by_token(self, request: HttpRequest, principal: Principal) -> HttpResponse:
        # Whoever looks for a session finds none, so nothing is done by a cookie without its CSRF token.
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        request.principal = principal  # type: ignore[attr-defined]
        request.by_token = True  # type: ignore[attr-defined]
        response = self.get_response(request)
        _keep_private(response, "Authorization")
        return response

    def _by_session(self, request: HttpRequest) -> HttpResponse:
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not session_key:
            request.principal = ANONYMOUS  # type: ignore[attr-defined]
            return self.get_response(request)
        asked = False

        def find() -> Principal:
            nonlocal asked
            asked = True
            try:
                return principal_of(session_key)
            except AuthIsAway:
                request.auth_is_away = True  # type: ignore[attr-defined]
                return ANONYMOUS

        request.principal = SimpleLazyObject(find)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if asked:
            _keep_private(response, "Cookie")
        return response


def _by_bearer(request: HttpRequest, token: str) -> Principal:
    """Raises bearer.Refused; AuthIsAway when that can't be told."""
    if not token.startswith(TOKEN_PREFIX):
        return bearer.verify(token)
    if not request.path_info.startswith("/api/"):
        raise bearer.Refused("a personal token, outside /api/")
    principal = principal_of_token(token)
    if not principal.scopes:
        raise bearer.Refused("a personal token that has ended or never was")
    return principal


def _keep_private(response: HttpResponse, header: str) -> None:
    """What depends on who asked, as that header says it, is nobody else's to keep."""
    patch_vary_headers(response, [header])
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, private=True, no_cache=True)


def require_sign_in(view: View) -> View:
    """A view for anybody with an account; others are sent to sign in and come back."""
    return require_role(Role.MEMBER)(view)


def require_role(role: Role) -> Callable[[View], View]:
    """A view for people of `role` and above. Sends the signed-out to sign in; others get PermissionDenied."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            principal: Principal = request.principal  # type: ignore[attr-defined]
            if principal.has_role(role):
                return view(request, *args, **kwargs)
            if principal.is_authenticated:
                raise PermissionDenied(
                    _("Your account may not do this. Ask the staff of this site for access.")
                )
            if getattr(request, "auth_is_away", False):
                raise AuthIsAway("This page needs to know who is calling, and auth does not answer.")
            return _to_sign_in(request)

        return cast(View, checked)

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    target = f"{settings.LOGIN_URL}?{urlencode({'next': _page(request)})}"
    if request.headers.get("HX-Request") == "true":  # htmx would put the sign-in page inside the page
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def _page(request: HttpRequest) -> str:
    """Where to come back to: this page, or for what was sent from a page, that page."""
    if request.method in ("GET", "HEAD") and request.headers.get("HX-Request") != "true":
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(page)
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


class PrincipalAuthentication(BaseAuthentication):
    """DRF: whoever the session cookie or the bearer token says; `request.user` is the Principal.

    Writes by cookie need a CSRF token; a bearer token is one that no other site's page can send.
    """

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        principal: Principal = request._request.principal  # type: ignore[attr-defined]
        if not principal.is_authenticated:
            return None
        if getattr(request._request, "by_token", False):
            return principal, None
        check = CSRFCheck(lambda _request: HttpResponse())
        check.process_request(request._request)
        reason = check.process_view(request._request, None, (), {})  # type: ignore[arg-type]
        if reason:
            raise ApiPermissionDenied(
                _("The request carries no valid CSRF token: {reason}").format(reason=reason)
            )
        return principal, None

    def authenticate_header(self, request: Request) -> str:
        return 'Session realm="api", Bearer realm="api"'


class _Unavailable(APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "auth_is_away"
    default_detail = gettext_lazy("Who is calling can't be told at the moment. Please try again soon.")
    wait = 30  # seconds, for Retry-After


class _ScopeMissing(ApiPermissionDenied):
    default_code = "scope_missing"


class _HasRole(BasePermission):
    """Of a view: `area`, whose scopes a personal token needs there; without one, no such token is let in."""

    role: Role

    def has_permission(self, request: Request, view: Any) -> bool:
        if getattr(request, "auth_is_away", False):
            raise _Unavailable
        principal: Principal = request.user  # type: ignore[assignment]
        if principal.scopes:
            _check_scope(principal, getattr(view, "area", ""), request.method)
        return bool(principal and principal.has_role(self.role))


def _check_scope(principal: Principal, area: str, method: str | None) -> None:
    needed = f"{area}:{'read' if method in SAFE_METHODS else 'write'}"
    if not area:
        raise _ScopeMissing(_("No personal token may do this; sign in for it."))
    if needed not in principal.scopes:
        raise _ScopeMissing(
            _("This token has not the scope {scope}. Make one that has: {url}").format(
                scope=needed, url=f"{settings.SITE_URL}/accounts/tokens/"
            )
        )


class IsSignedIn(_HasRole):
    role = Role.MEMBER


class IsEditor(_HasRole):
    role = Role.EDITOR


class IsStaff(_HasRole):
    role = Role.STAFF
