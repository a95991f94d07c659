"""Tells the cache in front of the site what to forget: by Cloudflare's API, or by a PURGE for nginx and Varnish.

The relay hands it every event, as it does to another process; those that name tags are sent on at once, many in one
request. While the cache does not take them the events wait in their outbox and are tried again.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import urllib3
from django.core.exceptions import ImproperlyConfigured

from monolith.environment import web_address
from monolith.functions import is_private
from seam.events import Event, Refusal
from seam.wire import Unavailable

log = logging.getLogger(__name__)

# What tells a cache to forget; the field `tags` says which pages and pictures.
FORGETTING = ("catalog.pages_changed.v1", "media.renditions_removed.v1")
HEADER = "Cache-Tag"
TAG = re.compile(r"[A-Za-z0-9_-]{1,100}")
TAGS_AT_ONCE = 100  # the most that Cloudflare takes in one request
CLOUDFLARE = "https://api.cloudflare.com"
ZONE = re.compile(r"[0-9a-f]{32}")
TOKEN_LENGTH = 32
TIMEOUT = urllib3.Timeout(connect=1.0, read=3.0)
PAUSE_SECONDS = 2.0  # after a failure nobody is asked for so long, or for as long as the cache says
LONGEST_PAUSE = 60.0
# What was on its way from the site to the cache when that was told comes there later, so it is told again.
AGAIN_SECONDS = 5.0
IMMUTABLE = f"public, max-age={365 * 24 * 3600}, immutable"
FORMS = (
    "cloudflare://ZONE for Cloudflare, with the 32 characters of the zone's id, or the address that takes PURGE, such "
    "as https://cache.example or, within one machine or cluster, http://127.0.0.1:8081"
)


class Cache(Protocol):
    """The port: a cache that knows pages by tags."""

    def forget(self, tags: Sequence[str]) -> None:
        """Returns when no page with one of these, at most TAGS_AT_ONCE, is given out any more. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class Edge:
    """`kind` is `cloudflare` or `purge`; `url` where that is asked; `token` what says who asks."""

    kind: str
    url: str
    token: str

    def __repr__(self) -> str:
        return f"Edge({self.kind}, {self.url})"

    def cache(self) -> Cache:
        return Cloudflare(self) if self.kind == "cloudflare" else Purging(self)


def read(url: str, token: str) -> Edge | None:
    """Of EDGE_PURGE_URL and EDGE_PURGE_TOKEN; None where there is no cache to tell.

    Raises ImproperlyConfigured with a remedy, and never repeats the token.
    """
    if token and not re.fullmatch(r"[!-~]+", token):
        raise ImproperlyConfigured("EDGE_PURGE_TOKEN holds a blank or a sign that no header can carry.")
    if not url:
        return None
    edge = _cloudflare(url, token) if url.startswith("cloudflare:") else _purging(url, token)
    if not token:
        raise ImproperlyConfigured(
            "EDGE_PURGE_URL is set and EDGE_PURGE_TOKEN is not: for Cloudflare a token of its API that may purge the "
            "cache of the zone, else a secret that the cache knows too. Make one: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    if edge.kind == "purge" and len(token) < TOKEN_LENGTH:
        raise ImproperlyConfigured(
            f"EDGE_PURGE_TOKEN is shorter than {TOKEN_LENGTH} characters. Make one: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return edge


def cache_control(seconds: int) -> str:
    """What a page for nobody in particular says: browsers ask each time, a cache between may keep it for `seconds`.

    While the site is down it may go on showing what it has for a day.
    """
    return f"public, max-age=0, s-maxage={seconds}, stale-while-revalidate=10, stale-if-error=86400"


def cdn(url: str, *, secure: bool) -> str:
    """Of CDN_URL, without a slash at its end. Raises ImproperlyConfigured with a remedy."""
    if not url:
        return ""
    parts = web_address(url)
    # It stands in a header: nothing in it may begin another source or directive, and these letters leave no place for
    # a query or a user.
    if parts is None or parts.path.strip("/") or not re.fullmatch(r"[A-Za-z0-9:/.\[\]-]+", url):
        raise ImproperlyConfigured(
            f"CDN_URL={url!r} must be a scheme and a host, such as https://cdn.example, and no path: it serves "
            "/static/ and /media/r/ as the site does."
        )
    if secure and not url.startswith("https://"):
        raise ImproperlyConfigured(
            "CDN_URL must begin with https:// as SITE_URL does, or browsers load nothing of it."
        )
    return url.rstrip("/")


def static_headers(*, cross_origin: bool) -> Callable[[Any, str, str], None]:
    """What whitenoise adds to static files: those whose name says what is in them are good for a year."""

    def add(headers: Any, path: str, url: str) -> None:
        if "immutable" in headers.get("Cache-Control", ""):
            headers["Cache-Control"] = IMMUTABLE
        if cross_origin:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"

    return add


def _cloudflare(url: str, token: str) -> Edge:
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        zone, rest = parts.netloc, parts.path.strip("/") or parts.fragment
    except ValueError:
        raise _wrong() from None
    if not ZONE.fullmatch(zone) or rest or set(options) - {"endpoint"}:
        raise _wrong()
    endpoint = options.get("endpoint", CLOUDFLARE).rstrip("/")
    return Edge("cloudflare", f"{_address(endpoint)}/client/v4/zones/{zone}/purge_cache", token)


def _purging(url: str, token: str) -> Edge:
    return Edge("purge", _address(url), token)


def _address(url: str) -> str:
    parts = web_address(url)
    if parts is None or parts.username or parts.password or parts.query or parts.fragment:
        raise _wrong()
    if parts.scheme == "http" and not is_private(parts):
        raise ImproperlyConfigured(
            "EDGE_PURGE_URL begins with http:// and leads out of this machine or cluster; anybody on the way could "
            "read the token. Use https://."
        )
    return url


def _wrong() -> ImproperlyConfigured:
    return ImproperlyConfigured(f"EDGE_PURGE_URL can't be used. It is {FORMS}; without a user, a ? or a #.")


class Cloudflare:
    """Purge by tag: https://developers.cloudflare.com/api/resources/cache/methods/purge/"""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def forget(self, tags: Sequence[str]) -> None:
        headers = {"Authorization": f"Bearer {self._edge.token}", "Content-Type": "application/json"}
        answer = _ask("POST", self._edge.url, headers, json.dumps({"tags": list(tags)}))
        try:
            done = json.loads(answer.data)["success"] is True
        except (ValueError, KeyError, TypeError):
            done = False
        if answer.status != 200 or not done:
            raise _refused("Cloudflare", answer)


class Purging:
    """`PURGE` with the tags in `Cache-Tag` and the secret in `Authorization`: manage.py purger, or Varnish's VCL."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def forget(self, tags: Sequence[str]) -> None:
        headers = {"Authorization": f"Bearer {self._edge.token}", HEADER: ",".join(tags)}
        answer = _ask("PURGE", self._edge.url, headers, None)
        if answer.status not in (200, 204):
            raise _refused("The cache", answer)


class Refused(Unavailable):
    """`seconds`: how long it does not want to be asked."""

    seconds = PAUSE_SECONDS


_pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False)


def _ask(method: str, url: str, headers: dict[str, str], body: str | None) -> Any:
    try:
        return _pool.request(method, url, headers=headers, body=body, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise Refused(f"The cache at {url} does not answer ({type(error).__name__}).") from error


def _refused(who: str, answer: Any) -> Refused:
    remedy = " EDGE_PURGE_TOKEN may not purge there." if answer.status in (401, 403) else ""
    refused = Refused(f"{who} answered {answer.status} to a purge.{remedy}")
    wanted = answer.headers.get("Retry-After", "")
    if wanted.isdecimal():
        refused.seconds = min(float(wanted), LONGEST_PAUSE)
    return refused


class Forgetting:
    """Keeps the promise of seam/events.py: of all that is said it hears what makes a cache forget.

    While the cache was just away it is not asked, so that the events of nobody else wait for it.
    """

    def __init__(self, cache: Cache, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache, self._clock = cache, clock
        self._pause_until = 0.0
        self._again = Again(self.forget)

    def deliver(self, *, events: list[Event]) -> list[Refusal]:
        """Raises Unavailable where the cache could not be told of all."""
        tags = tags_of(events)
        if tags:
            self.forget(tags)
            self._again.later(tags)
        return []

    def forget(self, tags: Sequence[str]) -> None:
        if self._clock() < self._pause_until:
            raise Unavailable("The cache in front did not take the last purge and is given a moment.")
        for start in range(0, len(tags), TAGS_AT_ONCE):
            try:
                self._cache.forget(tags[start : start + TAGS_AT_ONCE])
            except Refused as refused:
                self._pause_until = self._clock() + refused.seconds
                raise


def tags_of(events: Iterable[Event]) -> list[str]:
    """Each tag once, in the order in which they were said."""
    told = (json.loads(event.data) for event in events if event.type in FORGETTING)
    return list(dict.fromkeys(tag for data in told for tag in data.get("tags", ()) if TAG.fullmatch(tag)))


class Again:
    """Tells everything a second time, AGAIN_SECONDS later, in a thread of its own.

    It ends with its process; what is lost with it is bounded by the time for which a cache keeps a page at all.
    """

    def __init__(self, forget: Callable[[Sequence[str]], None]) -> None:
        self._forget = forget
        self._due: dict[str, float] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def later(self, tags: Iterable[str]) -> None:
        with self._changed:
            self._due |= dict.fromkeys(tags, time.monotonic() + AGAIN_SECONDS)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="purge-again", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            tags = self._wait()
            try:
                self._forget(tags)
            except Exception as error:  # whatever it is, what comes later must be told too
                log.warning("not purged a second time, tried again: %s", error)
                self.later(tags)

    def _wait(self) -> list[str]:
        """What is due, as soon as anything is."""
        with self._changed:
            while not (due := [tag for tag, at in self._due.items() if at <= time.monotonic()]):
                soonest = min(self._due.values(), default=None)
                self._changed.wait(None if soonest is None else max(0.0, soonest - time.monotonic()))
            for tag in due:
                del self._due[tag]
        return due
