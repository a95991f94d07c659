"""Hands out the files: renditions to everybody under names that never change, originals to their owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus

from django.core.files.storage import Storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from django.views.decorators.http import require_safe

from apps.media.models import Asset
from apps.media.storage import originals, renditions

PREFIX = "/media/r/"
NAME = re.compile(r"[0-9a-f]{64}/[1-9][0-9]{0,3}\.(avif|webp|jpg|png)")
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
CHUNK = 64 * 1024
YEAR = 365 * 24 * 3600

# What a browser may do with a file somebody uploaded: show it as what we say it is, and nothing else.
INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


def deliver_pictures(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers for renditions before languages, sessions and forms are looked at, as is done with static files.

    A page has two dozen of them; and what comes after would make them vary by language.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        return (
            rendition(request, path.removeprefix(PREFIX))
            if path.startswith(PREFIX)
            else get_response(request)
        )

    return middleware


@require_safe
def rendition(request: HttpRequest, name: str) -> HttpResponseBase:
    known = NAME.fullmatch(name)
    if known is None:
        return _not_here()
    folder, _, file_name = name.partition("/")
    headers = {
        "Content-Type": CONTENT_TYPES[known[1]],
        "Content-Disposition": f'inline; filename="{file_name}"',
        "Cache-Control": f"public, max-age={YEAR}, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",  # public, and may come to lie on a host of its own
        "ETag": f'"{folder[:32]}-{file_name}"',
    }
    return deliver(request, renditions(), name, headers)


def original(request: HttpRequest, asset: Asset) -> HttpResponseBase:
    """The bytes as they were uploaded, for whoever was found to own them; always to be saved, never shown."""
    kept = asset.original
    stem = re.sub(r"[^\w .-]", "_", asset.file_name.rpartition(".")[0] or asset.title or "picture")
    headers = {
        "Content-Type": f"image/{_kind(kept.format)}",
        # Named after what the bytes are: whoever sent them may have called them page.html.
        "Content-Disposition": content_disposition_header(True, f"{stem}.{_kind(kept.format)}")
        or "attachment",
        "Cache-Control": "private, no-cache",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{kept.sha256}"',
    }
    return deliver(request, originals(), kept.name, headers)


def deliver(request: HttpRequest, storage: Storage, name: str, headers: dict[str, str]) -> HttpResponseBase:
    """A file by GET or HEAD: whole, a range of it, or the news that nothing has changed (RFC 9110, 13 and 14)."""
    try:
        size, modified = storage.size(name), int(storage.get_modified_time(name).timestamp())
    except FileNotFoundError:
        return _not_here()
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
    storage: Storage, name: str, size: int, headers: dict[str, str], wanted: range | None
) -> HttpResponseBase:
    if wanted is None:
        return _stream(storage, name, range(size), HTTPStatus.OK, headers)
    if not wanted:
        refused = {"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"}
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=INERT | refused)
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    return _stream(storage, name, wanted, HTTPStatus.PARTIAL_CONTENT, headers)


def _stream(
    storage: Storage, name: str, wanted: range, status: HTTPStatus, headers: dict[str, str]
) -> HttpResponseBase:
    # Not a FileResponse, which guesses type and disposition anew by the name in the storage.
    headers["Content-Length"] = str(len(wanted))
    return StreamingHttpResponse(_part(storage, name, wanted), status=status, headers=headers)


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


def _part(storage: Storage, name: str, wanted: range) -> Iterator[bytes]:
    """Opened when the first byte is taken, so that a response nobody reads leaves no file open."""
    with storage.open(name) as file:
        file.seek(wanted.start)
        left = len(wanted)
        while left and (chunk := file.read(min(left, CHUNK))):
            left -= len(chunk)
            yield chunk


def _not_here() -> HttpResponse:
    return HttpResponse(
        "There is no such picture.\n",
        status=HTTPStatus.NOT_FOUND,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


def _kind(picture_format: str) -> str:
    return "jpeg" if picture_format == "MPO" else picture_format.lower()
