"""REST: a token for whoever is signed in, and the public keys it is verified with."""

from __future__ import annotations

from http import HTTPStatus

from allauth.core.internal import ratelimit
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.auth import known, service, sessions, signing
from apps.auth.client import IsSignedIn
from apps.auth.contract import Principal

# For each person: once in five minutes is what a program needs.
LIMIT = {"token": "30/m/key"}
LIMIT_SECONDS = 60


class Token(APIView):
    permission_classes = [IsSignedIn]

    def post(self, request: Request) -> Response:
        """By session and CSRF token only: a token gets nobody another one."""
        session_key = request._request.session.session_key or ""
        session = sessions.find(session_key, believe_copy=False)
        if session is None or session.principal is None:
            raise exceptions.NotAuthenticated(
                _("Sign in first: a token is given to a session, not to a token.")
            )
        principal = known.from_plain(session.principal)
        if not _within_limit(request._request, principal):
            raise exceptions.Throttled(LIMIT_SECONDS)
        body = {
            "access_token": signing.issue(principal, session=known.digest(session_key)),
            "token_type": "Bearer",
            "expires_in": signing.TOKEN_SECONDS,
        }
        return Response(body, HTTPStatus.OK, headers={"Cache-Control": "no-store"})


def _within_limit(request: HttpRequest, principal: Principal) -> bool:
    whose = str(principal.id)
    return bool(ratelimit.consume(request, app="apps.auth", action="token", config=LIMIT, key=whose))


@require_safe
@cache_control(public=True, max_age=signing.PUBLISHED_SECONDS)
@conditional_page
def jwks(request: HttpRequest) -> JsonResponse:
    """RFC 7517: what anybody may verify our tokens with, and keep for PUBLISHED_SECONDS."""
    shared = {"kty": "RSA", "use": "sig", "alg": "RS256"}
    keys = [shared | {"kid": key.kid, "n": key.n, "e": key.e} for key in service.get_signing_keys()]
    return JsonResponse({"keys": keys})
