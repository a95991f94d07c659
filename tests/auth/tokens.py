"""Tokens for the tests: asked for as a browser does, and made up as somebody hostile would."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.test import Client

from apps.auth import signing
from apps.auth.contract import Principal
from tests.people import sign_in

CSRF = "a" * 32


def browser(person: Principal | None = None) -> Client:
    """One that is asked for CSRF tokens, signed in as `person`."""
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.CSRF_COOKIE_NAME] = CSRF
    return sign_in(client, person) if person else client


def ask(client: Client, **headers: str) -> Any:
    return client.post("/accounts/token", headers={"X-CSRFToken": CSRF} | headers)


def token_for(person: Principal) -> str:
    answer = ask(browser(person))
    assert answer.status_code == 200, answer.content
    return answer.json()["access_token"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def key() -> tuple[str, RSAPrivateKey]:
    """The `kid` and private key that auth signs with."""
    row, private = signing.signer()
    return row.kid, private


def claims(person: Principal, **changed: Any) -> dict[str, Any]:
    """What auth would say of `person`; a claim changed to None is left out."""
    now = int(time.time())
    said = {
        "iss": settings.SITE_URL,
        "aud": settings.JWT_AUDIENCE,
        "sub": str(person.id),
        "exp": now + 300,
        "iat": now,
        "jti": uuid.uuid4().hex,
        "sid": "0" * 64,
        "role": person.role.value,
        "name": person.name,
        "email": person.email,
    }
    return {name: value for name, value in (said | changed).items() if value is not None}


def signed(said: dict[str, Any], **header: Any) -> str:
    """`said` signed with auth's key; a member of the header given as None is left out."""
    kid, private = key()
    whole = {"kid": kid, "typ": "at+jwt"} | header
    return jwt.encode(said, private, algorithm="RS256", headers=whole)


def part(value: Any) -> str:
    """A part of a token: JSON, or bytes as they are."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
