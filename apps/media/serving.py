"""Answers with a file of a storage: whole or in part, or that nothing has changed, or that it can't be had now."""

from __future__ import annotations

import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from apps.media.contract import StorageAway
from apps.media.storage import Files

RETRY_SECONDS = "5"

# What a browser may do with a file somebody uploaded: show it as what we say it is, and nothing else.
INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


def deliver(request: HttpRequest, storage: Files, name: str, headers: dict[str, str]) -> HttpResponseBase:
    """A file by GET or HEAD: whole, a range of it, or the news that nothing has changed (RFC 9110, 13 and 14)."""
    try:
        return _deliver(request, storage, name, headers)
    except FileNotFoundError:
        return not_here()
    except StorageAway:
        return not_now()


def _deliver(request: HttpRequest, storage: Files, name: str, headers: dict[str, str]) -> HttpResponseBase:
    size, written = storage.stat(name)
    modified = int(written.timestamp())
    headers = INERT | headers | {"Last-Modified": http_date(modified), "Accept-Ranges": "bytes"}
    whole = HttpResponse(headers=headers)
    answer = get_conditional_response(request, headers["ETag"], modified, whole)
    if answer is not whole:
        return answer or whole
    if request.method == "HEAD":
        whole.headers["Content-Length"] = str(size)
        return whole
    return _body(storage, name, size, headers, wanted_range(request, size, headers))


def _body(
    storage: Files, name: str, size: int, headers: dict[str, str], wanted: range | None
) -> HttpResponseBase:
    if wanted is None:
        return _stream(storage, name, range(size), HTTPStatus.OK, headers)
    if not wanted:
        refused = {"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"}
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=INERT | refused)
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    return _stream(storage, name, wanted, HTTPStatus.PARTIAL_CONTENT, headers)


def _stream(
    storage: Files, name: str, wanted: range, status: HTTPStatus, headers: dict[str, str]
) -> HttpResponseBase:
    # Not a FileResponse, which guesses type and disposition anew by the name in the storage.
    headers["Content-Length"] = str(len(wanted))
    return StreamingHttpResponse(storage.part(name, wanted), status=status, headers=headers)


def wanted_range(request: HttpRequest, size: int, headers: dict[str, str]) -> range | None:
    """The bytes asked for, an empty range when there are none such, None for the whole file.

    Several ranges at once, another unit and nonsense get the whole file, as the standard allows; so does a range
    of an older state of the file.
    """
    asked = re.fullmatch(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", request.headers.get("Range", ""))
    if asked is None or not any(asked.groups()):
        return None
    if request.headers.get("If-Range", headers["ETag"]) not in (headers["ETag"], headers["Last-Modified"]):
        return None
    first, last = asked.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def not_here() -> HttpResponse:
    return said(HTTPStatus.NOT_FOUND, "There is no such picture.")


def not_now() -> HttpResponse:
    return said(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The pictures can't be reached at this moment. Try again soon.",
        {"Retry-After": RETRY_SECONDS},
    )


def said(status: HTTPStatus, sentence: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """A sentence that nobody keeps."""
    return HttpResponse(
        f"{sentence}\n",
        status=status,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )
