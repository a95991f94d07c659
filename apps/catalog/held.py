"""Pages, held as bytes for people who are not signed in until something they show changes.

A view that may be held says which listings its page shows and in which version it read them (`shows`). The versions
in the catalogue's database are the truth: a page that is held is given out only while they are the same. This
process trusts what it read of them for TRUST seconds, so that is how old a page can be; bytes that come from the
shared cache carry their versions with them, so nothing stale comes back from there. Behind a cache that is told to
forget (`tags.py`) nothing is trusted: what it fetched a moment too early it would keep. A page made from a replica is
held to the same: where the database itself has other versions it is made again, from there. While the database is
away nothing can change, and what is held is given out as it is.

Whoever is signed in, or has a message waiting, gets the same page, in which what is theirs (`{% personal %}` in a
template) is made anew. Who may change the catalogue is not kept waiting for TRUST: for them the database is asked.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import brotli
from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import parse_etags

from apps.auth.contract import Role
from apps.catalog import tags
from apps.catalog.models import Listing
from apps.catalog.release import release
from seam import replicas

TRUST = 0.0 if settings.EDGE else 1.0
MOST_PAGES = 500  # in the memory of one process, some 20 MB
MOST_VERSIONS = 20_000
KEPT_SECONDS = 24 * 3600
MENU = "/menu"
PREFIXES = ("/items/", "/categories/", "/browse", "/search", MENU)
# What of a query string makes another page. Anything else (utm_source=…) is dropped before the view sees it.
PARAMETERS = frozenset({"q", "order", "filter", "after", "before", "in"})
QUERY_LENGTH = 1000
GetResponse = Callable[[HttpRequest], HttpResponse]
Versions = Mapping[int, int]
AWAY = (OperationalError, InterfaceError)


def shows(response: HttpResponse, versions: Versions, *more_tags: str) -> HttpResponse:
    """Mark a page as the same for everybody: hold it while these listings have these versions.

    The versions must have been read before, or together with, what the page shows of the listings. `more_tags`: what
    else a cache in front of the site may know the page by.
    """
    response.shows_listings = dict(versions)  # type: ignore[attr-defined]
    response.headers[tags.HEADER] = tags.of_page(versions, *more_tags)
    return response


class Personal(NamedTuple):
    """What a page shows to one person: these bytes of it are for nobody in particular."""

    start: int
    end: int
    template: str
    about: str


class Marks:
    """A request's `mark`: tells where in the page something personal stands."""

    # Nobody can write it into a title or a query.
    SIGN = f"<!--{secrets.token_hex(8)}-->"

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []

    def __call__(self, template: str, about: str, html: str) -> str:
        self.made.append((template, about))
        return f"{self.SIGN}{html}{self.SIGN}"

    def found(self, marked: bytes) -> tuple[bytes, list[Personal]]:
        """The page without marks, and what they said."""
        pieces, body, personal = marked.split(self.SIGN.encode()), b"", []
        for number, piece in enumerate(pieces):
            if number % 2:
                personal.append(Personal(len(body), len(body) + len(piece), *self.made[number // 2]))
            body += piece
        return body, personal


@dataclass
class Page:
    """A held page: complete but for what belongs to one answer."""

    versions: dict[int, int]
    headers: dict[str, str]
    body: bytes
    personal: list[Personal]
    packed: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, response: HttpResponse, marks: Marks) -> Page:
        headers = {name: value for name, value in response.items() if name != "Content-Length"}
        body, personal = marks.found(response.content)
        headers["ETag"] = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers["Cache-Control"] = settings.PAGES_CACHE_CONTROL
        headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
        return cls(response.shows_listings, headers, body, personal)  # type: ignore[attr-defined]

    def made_for(self, request: HttpRequest) -> HttpResponse:
        """With what is personal made for whoever asks; no header of it is held."""
        pieces, done = [], 0
        for start, end, template, about in self.personal:
            own = render_to_string(template, {"about": about}, request)
            pieces += [self.body[done:start], own.encode()]
            done = end
        return HttpResponse([*pieces, self.body[done:]], content_type=self.headers["Content-Type"])

    def answer(self, request: HttpRequest) -> HttpResponse:
        if self.headers["ETag"] in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
            return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers=self._without_content())
        encoding = _encoding(request.META.get("HTTP_ACCEPT_ENCODING", ""))
        body = self._packed(encoding) if encoding else self.body
        response = HttpResponse(b"" if request.method == "HEAD" else body, headers=self.headers)
        response.headers["Content-Length"] = str(len(body))
        if encoding:
            response.headers["Content-Encoding"] = encoding
        return response

    def _packed(self, encoding: str) -> bytes:
        if encoding not in self.packed:
            pack = brotli.compress if encoding == "br" else gzip.compress
            self.packed[encoding] = pack(self.body, **({"quality": 5} if encoding == "br" else {"mtime": 0}))
        return self.packed[encoding]

    def _without_content(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name != "Content-Type"}


@lru_cache(maxsize=200)
def _encoding(accepted: str) -> str:
    offers = {
        offer.partition(";")[0].strip()
        for offer in accepted.split(",")
        if ";q=0" not in offer.replace(" ", "")
    }
    return next((encoding for encoding in ("br", "gzip") if encoding in offers), "")


class Known:
    """What this process knows: pages, and versions with when they were read. Threads share it."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._versions: dict[int, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def page(self, key: str, *, trust: float | None = None) -> Page | None:
        """What is held, if it is current as far as this process knows, which asked at most `trust` seconds ago; TRUST
        by default."""
        page = self._pages.get(key) or self._shared(key)
        if page is None:
            return None
        try:
            return page if self.is_current(page.versions, trust=trust) else None
        except AWAY:
            return page if self._was_current(page.versions) else None

    def remembered(self, key: str) -> Page | None:
        """What this process holds, current or not."""
        return self._pages.get(key)

    def hold(self, key: str, page: Page, read_at: float | None = None) -> None:
        """`read_at`: when its making began, so no later than its versions were read; None: by a replica."""
        if read_at is not None:
            for pk, version in page.versions.items():
                if self._versions.get(pk, (0, 0.0))[1] < read_at:
                    self._versions[pk] = version, read_at
        self._remember(key, page)
        kept = page.versions, page.headers, page.body, [tuple(own) for own in page.personal]
        cache.set(f"page:{key}", kept, KEPT_SECONDS)

    def forget(self) -> None:
        with self._lock:
            self._pages.clear()
            self._versions.clear()

    def _shared(self, key: str) -> Page | None:
        parts = cache.get(f"page:{key}")
        if parts is None:
            return None
        versions, headers, body, personal = parts
        page = Page(versions, headers, body, [Personal(*own) for own in personal])
        self._remember(key, page)
        return page

    def _remember(self, key: str, page: Page) -> None:
        with self._lock:
            self._pages[key] = page
            self._pages.move_to_end(key)
            if len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)

    def is_current(self, versions: Versions, *, trust: float | None = None) -> bool:
        """Whether the database says so. Raises an error of AWAY when it can't be asked."""
        horizon = time.monotonic() - (TRUST if trust is None else trust)
        known = self._versions
        old = [pk for pk in versions if known.get(pk, (0, 0.0))[1] < horizon]
        if old:
            self._read(old)
        return all(known.get(pk, (0, 0.0))[0] == version for pk, version in versions.items())

    def _was_current(self, versions: Versions) -> bool:
        """Whether nothing else was known when the database was last asked."""
        return all(self._versions.get(pk, (version, 0.0))[0] == version for pk, version in versions.items())

    def _read(self, ids: Iterable[int]) -> None:
        asked_at = time.monotonic()
        if len(self._versions) > MOST_VERSIONS:
            self._versions.clear()
        found = dict(Listing.objects.filter(pk__in=ids).values_list("pk", "version"))
        self._versions.update({pk: (found.get(pk, 0), asked_at) for pk in ids})


known = Known()
forget = known.forget

_making = [threading.Lock() for _number in range(64)]


@contextmanager
def _one_maker(key: str) -> Iterator[bool]:
    """One at a time: requests for a page that is being made wait for it and share it. Gives whether one had to."""
    lock = _making[hash(key) % len(_making)]
    waited = not lock.acquire(blocking=False)
    if waited:
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


class HeldPages:
    """Middleware before all others but the request's id: a held page for nobody in particular passes none of them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _may_be_held(request):
            return self.get_response(request)
        if not _is_personal(request):
            return self._for_everybody(request, _key(request))
        if request.path_info != MENU:  # which is asked, too, what differs for who asks
            everybody = _as_anybody(request)
            key = _key(everybody)
            self._for_everybody(everybody, key)
            request.held_as = key  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """The page for everybody, with what is personal made for this person, if there is one."""
        key = getattr(request, "held_as", None)
        page = known.page(key, trust=_trust(request)) if key else None
        return page.made_for(request) if page else None

    def _for_everybody(self, request: HttpRequest, key: str) -> HttpResponse:
        before = known.remembered(key)
        page = known.page(key)
        if page is not None:
            return page.answer(request)
        with _one_maker(key) as waited:
            # It may have been made since this request looked, also where nobody is making it by now.
            page = known.page(key) if waited or known.remembered(key) is not before else None
            return page.answer(request) if page else self._made(request, key)

    def _made(self, request: HttpRequest, key: str) -> HttpResponse:
        if replicas.are_used("catalog"):
            return self._made_from_replica(request, key)
        return self._made_from_primary(request, key)

    def _made_from_replica(self, request: HttpRequest, key: str) -> HttpResponse:
        made = self._whole(request)
        if isinstance(made, HttpResponse):
            return made
        try:
            if not known.is_current(made.versions):
                with replicas.reading(late=False):
                    return self._made_from_primary(request, key)
        except AWAY:  # good enough to be seen, not to be held
            return made.answer(request)
        known.hold(key, made)
        return made.answer(request)

    def _made_from_primary(self, request: HttpRequest, key: str) -> HttpResponse:
        begun_at = time.monotonic()
        made = self._whole(request)
        if isinstance(made, HttpResponse):
            return made
        known.hold(key, made, begun_at)
        return made.answer(request)

    def _whole(self, request: HttpRequest) -> Page | HttpResponse:
        """A page to hold; or an answer that is for this request only."""
        method, request.method = request.method, "GET"
        request.mark = marks = Marks()  # type: ignore[attr-defined]
        response = self.get_response(request)
        request.method = method
        if _is_for_everybody(response):
            return Page.of(response, marks)
        if marks.made:
            response.content, _personal = marks.found(response.content)
            response.headers["Content-Length"] = str(len(response.content))
        return response


def _is_for_everybody(response: HttpResponse) -> bool:
    is_marked = hasattr(response, "shows_listings")
    return response.status_code == HTTPStatus.OK and not response.cookies and is_marked


def _may_be_held(request: HttpRequest) -> bool:
    path, meta = request.path_info, request.META
    return (
        not settings.DEBUG
        and request.method in ("GET", "HEAD")
        and (path == "/" or path.startswith(PREFIXES))
        and "HTTP_AUTHORIZATION" not in meta
        and len(meta.get("QUERY_STRING", "")) <= QUERY_LENGTH
    )


def _is_personal(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES or "messages" in request.COOKIES


def _key(request: HttpRequest) -> str:
    query, host = _only_known(request), request.META.get("HTTP_HOST", "")
    key = f"{release()}|{host}|{_language(request)}|{request.path_info}?{query}"
    return hashlib.blake2b(key.encode(errors="replace"), digest_size=20).hexdigest()


def _as_anybody(request: HttpRequest) -> HttpRequest:
    """The same request, of somebody who is not signed in and reads this language."""
    other = copy.copy(request)
    other.META = {name: value for name, value in request.META.items() if name != "HTTP_COOKIE"}
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    other.COOKIES = {settings.LANGUAGE_COOKIE_NAME: language} if language else {}
    other.method = "GET"
    return other


def _trust(request: HttpRequest) -> float:
    """Who may change the catalogue sees every change at once."""
    principal = request.principal  # type: ignore[attr-defined]
    return 0 if principal.is_authenticated and principal.role.includes(Role.EDITOR) else TRUST


def _only_known(request: HttpRequest) -> str:
    """Reduce the request's query to what makes another page, in one order, filters each once, and return it."""
    raw = request.META.get("QUERY_STRING", "")
    if not raw:
        return ""
    pairs = [(name, value) for name, value in parse_qsl(raw, errors="replace") if name in PARAMETERS]
    filters = sorted({pair for pair in pairs if pair[0] == "filter"})
    query = urlencode(sorted([*filters, *(pair for pair in pairs if pair[0] != "filter")], key=itemgetter(0)))
    request.META["QUERY_STRING"] = query
    return query


def _language(request: HttpRequest) -> str:
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return _language_of(cookie, request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


@lru_cache(maxsize=1000)
def _language_of(cookie: str, accepted: str) -> str:
    """The language LocaleMiddleware would choose."""
    request = HttpRequest()
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    return translation.get_language_from_request(request)
