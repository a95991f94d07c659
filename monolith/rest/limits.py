"""How often one caller may ask the API, and the headers of draft-ietf-httpapi-ratelimit-headers that tell them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WINDOW = 60  # seconds
MOST_CALLERS = 20_000
POLICY = "default"


@dataclass(frozen=True)
class Rate:
    """What is left of a caller's window: `left` requests, for `seconds` more."""

    allowed: int
    left: int
    seconds: int

    def tell(self, response: HttpResponseBase) -> None:
        response.headers["RateLimit-Policy"] = f'"{POLICY}";q={self.allowed};w={WINDOW}'
        response.headers["RateLimit"] = f'"{POLICY}";r={self.left};t={self.seconds}'


class Counter:
    """Requests by caller and window: in this process, and in the cache for all processes; the higher counts.

    So a cache that is away or empty lets nobody do more than the limit in each process.
    """

    def __init__(self) -> None:
        self._own: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> int:
        return max(self._here(key), _everywhere(key))

    def _here(self, key: str) -> int:
        with self._lock:
            self._own[key] = self._own.get(key, 0) + 1
            if len(self._own) > MOST_CALLERS:
                self._own.popitem(last=False)
            return self._own[key]


def _everywhere(key: str) -> int:
    cache.add(key, 0, 2 * WINDOW)
    try:
        return int(cache.incr(key) or 0)
    except ValueError:  # the cache is away
        return 0


counter = Counter()


class PerCaller(BaseThrottle):
    """API_RATE requests a minute for each person, or for each address of whoever is nobody. DRF answers 429."""

    rate: Rate

    def allow_request(self, request: Request, view: Any) -> bool:
        now = int(time.time())
        used = counter.count(f"rate:{_caller(request)}:{now // WINDOW}")
        self.rate = Rate(settings.API_RATE, max(settings.API_RATE - used, 0), WINDOW - now % WINDOW)
        request._request.rate = self.rate  # type: ignore[attr-defined]
        return used <= settings.API_RATE

    def wait(self) -> float:
        return float(self.rate.seconds)


def _caller(request: Request) -> str:
    principal = request._request.principal  # type: ignore[attr-defined]
    who = str(principal.id) if principal.is_authenticated else address_of(request._request)
    return hashlib.blake2b(
        who.encode(errors="replace"), digest_size=16
    ).hexdigest()  # a header may say anything


def address_of(request: HttpRequest) -> str:
    """Whose proxy we trust says who came; TRUSTED_PROXIES of them, and what more is in the header may be a lie."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = [
        part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()
    ]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))
