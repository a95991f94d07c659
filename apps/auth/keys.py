"""Auth's public keys as this process knows them: believed for seconds, kept while auth is away."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import urllib3
from django.conf import settings
from jwt import PyJWK, PyJWTError
from urllib3.exceptions import HTTPError

from apps.auth.contract import Auth
from apps.auth.known import AuthIsAway
from seam import use

log = logging.getLogger(__name__)

# Seconds between two questions: for a key nobody has heard of, and while auth does not answer.
PAUSE, PAUSE_AWAY = 1.0, 5.0
# How long a request waits for another one's question.
PATIENCE = 3.0
HTTP_TIMEOUT = 2.0
MOST_BYTES = 64 * 1024
MIN_BITS = 2048

Keys = Mapping[str, PyJWK]


class KeyRing:
    """Keys by `kid`, asked for with `ask` once in SESSION_TRUST_SECONDS, and for an unknown one once a second.

    While they can't be asked for, those that are known go on for SESSION_GRACE_SECONDS.
    """

    def __init__(self, ask: Callable[[], Keys]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """As in a process that has just begun."""
        self._keys: Keys = {}
        self._asked_at = float("-inf")  # when those were asked for
        self._next_at = float("-inf")  # when to ask again at the earliest

    def find(self, kid: str) -> PyJWK | None:
        """The key of that name; None when auth has none. Raises AuthIsAway when nobody can tell."""
        if kid not in self._keys or self._age() >= settings.SESSION_TRUST_SECONDS:
            self._refresh(wait=kid not in self._keys or not self._may_go_on())
        if not self._may_go_on():
            raise AuthIsAway("Tokens can't be verified: auth does not tell its keys.")
        return self._keys.get(kid)

    def _age(self) -> float:
        return monotonic() - self._asked_at

    def _may_go_on(self) -> bool:
        return self._age() < settings.SESSION_GRACE_SECONDS

    def _refresh(self, *, wait: bool) -> None:
        """Ask, unless somebody asks already or has just asked: what they hear is for all."""
        if not self._lock.acquire(timeout=PATIENCE if wait else 0):
            return
        try:
            if monotonic() >= self._next_at:
                self._ask_now()
        finally:
            self._lock.release()

    def _ask_now(self) -> None:
        asked_at, pause = monotonic(), PAUSE_AWAY
        try:
            self._keys, self._asked_at = self._ask(), asked_at
            pause = PAUSE
        except Exception as error:  # whatever it is, known keys go on, and without any AuthIsAway says so
            log.warning("auth does not tell its signing keys: %s: %s", type(error).__name__, error)
        finally:
            self._next_at = monotonic() + pause


def ask_auth() -> Keys:
    """By HTTP where AUTH_JWKS_URL is set, else as auth is asked for everything."""
    if settings.AUTH_JWKS_URL:
        return read(_download(settings.AUTH_JWKS_URL))
    return {key.kid: _key(key.n, key.e) for key in use(Auth).get_signing_keys()}


def read(document: bytes) -> Keys:
    """The keys of a JSON Web Key Set that we may use. Raises ValueError when it has none."""
    try:
        found = {jwk["kid"]: _key(jwk["n"], jwk["e"]) for jwk in json.loads(document)["keys"] if _usable(jwk)}
    except (TypeError, KeyError, AttributeError, RecursionError, PyJWTError) as error:
        raise ValueError("this is no JSON Web Key Set") from error
    if not found:
        raise ValueError("the JSON Web Key Set holds no RS256 key with a kid")
    return found


def _usable(jwk: dict[str, Any]) -> bool:
    ours = ("RSA", "RS256", "sig")
    return isinstance(jwk.get("kid"), str) and ours == (
        jwk["kty"],
        jwk.get("alg", "RS256"),
        jwk.get("use", "sig"),
    )


def _key(n: str, e: str) -> PyJWK:
    key = PyJWK({"kty": "RSA", "n": n, "e": e}, algorithm="RS256")
    if key.key.key_size < MIN_BITS:
        raise ValueError(f"a key of {key.key.key_size} bits is too short; at least {MIN_BITS}")
    return key


_http = urllib3.PoolManager(num_pools=1, maxsize=1)


def _download(url: str) -> bytes:
    with _http.request("GET", url, preload_content=False, retries=False, timeout=HTTP_TIMEOUT) as answer:
        body = answer.read(MOST_BYTES + 1)
        if answer.status != 200 or len(body) > MOST_BYTES:
            raise HTTPError(f"{url} answered {answer.status} with {len(body)} bytes")
        return body


ring = KeyRing(ask_auth)
