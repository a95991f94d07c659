"""`Authorization: Bearer …`: a token that auth signed, verified with its public keys and no call per request."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext as _

from apps.auth.contract import Principal, Role
from apps.auth.keys import ring
from apps.auth.known import recall_digest

log = logging.getLogger(__name__)

MOST = 4096  # characters; ours with the longest name and address stay below
LEEWAY = 10  # seconds by which the clocks of machines may differ
REQUIRED = ["exp", "iat", "aud", "iss", "sub", "jti", "sid"]
# Also as the second of two headers, which a server joins with a comma.
ASKED = re.compile(r"(?:^|,)\s*bearer\b", re.IGNORECASE)
DIGEST = re.compile(r"[0-9a-f]{64}")
# A JSON Web Token, or one of ours by its prefix.
FORM = re.compile(r"bearer +([\w-]+\.[\w-]+\.[\w-]+|offshoot_[\w-]+)", re.IGNORECASE | re.ASCII)
# What parsers say of bytes that somebody made up.
NONSENSE = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError)


class Refused(Exception):
    """The token proves nothing."""


class Expired(Refused):
    """It once did."""


def token_of(request: HttpRequest) -> str | None:
    """The bearer token of a request; None when it has none. Raises Refused for what can't be one, or two."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not ASKED.search(header):
        return None
    form = FORM.fullmatch(header.strip())
    if form is None or len(form[1]) > MOST:
        raise Refused("malformed")
    return form[1]


def verify(token: str) -> Principal:
    """Whom it was issued to. Raises Refused, or known.AuthIsAway when auth's keys are not known and can't be had."""
    try:
        header = jwt.get_unverified_header(token)
        kid = header["kid"]
        if header["typ"] != "at+jwt":
            raise Refused("another kind of token")
    except NONSENSE as error:
        raise Refused(type(error).__name__) from None
    key = ring.find(kid)
    if key is None:
        raise Refused("unknown kid")
    try:
        return _principal(_claims(token, key))
    except jwt.ExpiredSignatureError:
        raise Expired("expired") from None
    except NONSENSE as error:
        raise Refused(type(error).__name__) from None


def _claims(token: str, key: jwt.PyJWK) -> dict[str, Any]:
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=settings.JWT_AUDIENCE,
        issuer=settings.SITE_URL,
        leeway=LEEWAY,
        options={"require": REQUIRED, "strict_aud": True},
    )


def _principal(claims: dict[str, Any]) -> Principal:
    if not DIGEST.fullmatch(claims["sid"]):
        raise Refused("its session has no digest")
    if _has_ended(claims["sid"], claims["iat"]):
        raise Refused("its session has ended")
    return Principal(
        id=UUID(claims["sub"]),
        email=str(claims["email"]),
        name=str(claims["name"]),
        role=Role(claims["role"]),
    )


def _has_ended(session: str, issued_at: float) -> bool:
    """Whether it is known here, without asking, that the session is over; else the token's few minutes say it."""
    known = recall_digest(session)
    return known is not None and known.principal is None and known.checked_at >= issued_at


def refusal(request: HttpRequest, reason: Refused) -> HttpResponse:
    """401, in the language they ask for; why is the log's, but that it has expired helps an honest caller."""
    log.info("a bearer token was refused: %s", reason)
    with translation.override(translation.get_language_from_request(request)):
        if isinstance(reason, Expired):
            code = "auth.token_expired"
            detail = _("The token has expired. Ask for a new one: POST /accounts/token.")
        else:
            code = "auth.invalid_token"
            detail = _(
                "The token is not one this site accepts. Send one header “Authorization: Bearer …” with a token "
                "from your account's page or from POST /accounts/token; your own tokens work below /api/ only."
            )
        response = JsonResponse({"code": code, "detail": detail}, status=HTTPStatus.UNAUTHORIZED)
    response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    response.headers["Cache-Control"] = "no-store"
    return response
