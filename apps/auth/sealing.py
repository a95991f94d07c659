"""Secrets that wait in a row, unreadable without SECRET_KEY: whoever sees a table or a backup learns nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """It was sealed with another SECRET_KEY, or was changed."""


def seal(data: dict[str, Any]) -> str:
    """`data` as text that only `unsealed` can read."""
    return _boxes().encrypt(json.dumps(data).encode()).decode()


def unsealed(text: str) -> dict[str, Any]:
    """What was sealed. Raises Unreadable."""
    try:
        data: dict[str, Any] = json.loads(_boxes().decrypt(text))
    except InvalidToken as error:
        raise Unreadable(
            "This was sealed with another SECRET_KEY. Every process of auth needs the same; discard what can't be read."
        ) from error
    return data


def _boxes() -> MultiFernet:
    return MultiFernet([_box(str(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _box(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"offshoot auth sealed jobs")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
