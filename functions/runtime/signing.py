"""Signatures over id, time and body, as Standard Webhooks writes them; seam/signing.py is the site's side of it."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Mapping, Sequence

WINDOW = 300
ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class Forged(Exception):
    """The message is not from who shares a key with us, not from now, or not the one it should be."""


def secret(key: str) -> bytes:
    """The bytes of a key: those of its text, or what it says in Base64 after `whsec_`. Raises ValueError."""
    return base64.b64decode(key[6:], validate=True) if key.startswith("whsec_") else key.encode()


def signature(key: str, message_id: str, seconds: str, body: bytes) -> str:
    signed = b".".join([message_id.encode(), seconds.encode(), body])
    return "v1," + base64.b64encode(hmac.digest(secret(key), signed, "sha256")).decode()


def sign(keys: Sequence[str], message_id: str, body: bytes) -> dict[str, str]:
    """The headers that make `body` a message of ours, of this moment; the first of `keys` signs."""
    now = str(int(time.time()))
    return {ID: message_id, TIME: now, SIGNATURE: signature(keys[0], message_id, now, body)}


def verify(keys: Sequence[str], headers: Mapping[str, str], body: bytes) -> str:
    """The id of a message that one of `keys` signed at most WINDOW seconds from now. Raises Forged.

    The names in `headers` are in lower case.
    """
    message_id, seconds = headers.get(ID, ""), headers.get(TIME, "")
    given = headers.get(SIGNATURE, "").split()
    if not (message_id and given and seconds.isascii() and seconds.isdigit() and len(seconds) < 16):
        raise Forged(f"The message is not signed: it needs the headers {ID}, {TIME} and {SIGNATURE}.")
    expected = [signature(key, message_id, seconds, body).encode() for key in keys]
    if not any(hmac.compare_digest(one, other.encode()) for one in expected for other in given):
        raise Forged("The signature does not fit. Both sides need the same FUNCTION_KEY.")
    if abs(time.time() - int(seconds)) > WINDOW:
        raise Forged(f"The message was signed more than {WINDOW} seconds from now. Set the clocks right.")
    return message_id
