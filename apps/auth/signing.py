"""Auth's signing keys, and the tokens signed with them: docs/decisions/0034-tokens.md.

A key is published for AHEAD before it signs, and stays published until the last token it signed has expired. All
of that is written in its row when its successor is made, so nothing has to happen at the right moment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import time
import uuid
from datetime import datetime, timedelta
from functools import lru_cache
from typing import cast

import jwt
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from apps.auth.contract import Principal
from apps.auth.models import SigningKey
from seam import atomic

log = logging.getLogger(__name__)

TOKEN_SECONDS = 300
# How long others may keep the public keys, and how much earlier than it signs a new one is among them.
PUBLISHED_SECONDS = 300
AHEAD = timedelta(seconds=2 * PUBLISHED_SECONDS)
# By how much the clocks of machines may differ.
MARGIN = timedelta(minutes=1)
KEY_BITS = 2048
TRIES = 10


class SomebodyElseRotates(RuntimeError):
    """Others made a new key each time this process was about to."""


def published() -> list[SigningKey]:
    """Every key a token may be signed with, the newest first; the very first one is made here."""
    return list(SigningKey.objects.valid()) or [_first()]


def issue(principal: Principal, *, session: str) -> str:
    """A token that says for TOKEN_SECONDS who is calling; `session` is the digest of the session it is given to."""
    key, private = signer()
    now = int(time.time())
    claims = {
        "iss": settings.SITE_URL,
        "aud": settings.JWT_AUDIENCE,
        "sub": str(principal.id),
        "exp": now + TOKEN_SECONDS,
        "nbf": now,
        "iat": now,
        "jti": uuid.uuid4().hex,
        "sid": session,
        "role": principal.role.value,
        "name": principal.name,
        "email": principal.email,
    }
    return jwt.encode(claims, private, algorithm="RS256", headers={"kid": key.kid, "typ": "at+jwt"})


def rotate() -> tuple[SigningKey, bool]:
    """The next key, and whether it was made now: there may be one already that waits for its turn."""
    now = timezone.now()
    with atomic("auth"):
        SigningKey.objects.filter(expires_at__lt=now).delete()
    newest = _newest()
    if newest is None:
        return _first(), True
    if newest.not_before > now:
        return newest, False
    signs_from = now + AHEAD
    until = signs_from + timedelta(seconds=TOKEN_SECONDS) + MARGIN
    made = _add(newest.number + 1, not_before=signs_from, others_until=until)
    return (made, True) if made else (cast(SigningKey, _newest()), False)


def replace() -> SigningKey:
    """A new key that signs at once; every token signed with another is void. Raises SomebodyElseRotates."""
    for _try in range(TRIES):
        now, newest = timezone.now(), _newest()
        made = _add(newest.number + 1 if newest else 1, not_before=now, others_until=now)
        if made:
            return made
    raise SomebodyElseRotates


def opened(key: SigningKey) -> RSAPrivateKey | None:
    """Its private key; None when it was sealed under another SECRET_KEY."""
    try:
        return _open(key.sealed, settings.SECRET_KEY)
    except InvalidToken:
        log.warning("signing key %s was sealed under another SECRET_KEY and can't sign", key.kid)
        return None


def signer() -> tuple[SigningKey, RSAPrivateKey]:
    """The newest key that signs already and can be opened."""
    for key in SigningKey.objects.valid().filter(not_before__lte=timezone.now()):
        if private := opened(key):
            return key, private
    return _without_signer()


def _without_signer() -> tuple[SigningKey, RSAPrivateKey]:
    """There is no key yet, or SECRET_KEY was changed: a new one signs at once, and the others run out."""
    now, newest = timezone.now(), _newest()
    until = now + timedelta(seconds=TOKEN_SECONDS) + MARGIN
    if newest:
        _add(newest.number + 1, not_before=now, others_until=until)
    else:
        _first()
    return signer()


def _first() -> SigningKey:
    now = timezone.now()
    made = _add(1, not_before=now, others_until=now)
    return made or cast(SigningKey, _newest())


def _newest() -> SigningKey | None:
    with atomic("auth"):  # what another process has just written counts, so no replica is asked
        return SigningKey.objects.order_by("-number").first()


def _add(number: int, *, not_before: datetime, others_until: datetime) -> SigningKey | None:
    """Key `number`, and until when the ones before it are good; None when somebody else made it first."""
    key = _new(number, not_before)  # slow, so before the transaction
    try:
        with atomic("auth"):
            key.save(force_insert=True)
            longer = Q(expires_at=None) | Q(expires_at__gt=others_until)
            SigningKey.objects.filter(longer, number__lt=number).update(expires_at=others_until)
    except IntegrityError:
        return None
    return key


def _new(number: int, not_before: datetime) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    jwk = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return SigningKey(
        number=number,
        kid=_thumbprint(jwk["n"], jwk["e"]),
        n=jwk["n"],
        e=jwk["e"],
        sealed=_box(settings.SECRET_KEY).encrypt(pem).decode(),
        not_before=not_before,
    )


def _thumbprint(n: str, e: str) -> str:
    """RFC 7638, which is what allauth's provider calls its keys too."""
    members = json.dumps({"e": e, "kty": "RSA", "n": n}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


@lru_cache(maxsize=8)
def _open(sealed: str, secret: str) -> RSAPrivateKey:
    pem = _box(secret).decrypt(sealed.encode())
    return cast(RSAPrivateKey, serialization.load_pem_private_key(pem, password=None))


@lru_cache(maxsize=2)
def _box(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"offshoot.auth.signing-keys.1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
