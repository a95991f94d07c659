"""Files of a folder for who has a ticket: a function that runs elsewhere reads the one, and writes the other."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from uuid import uuid4

from django.core.files import File
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from apps.media import tickets
from apps.media.contract import StorageAway
from apps.media.serving import deliver, not_now, said
from apps.media.storage import kept
from apps.media.tickets import Ticket

CHUNK = 256 * 1024
METHODS = {"GET": ("GET", "HEAD"), "PUT": ("PUT",)}


class CutOff(Exception):
    """The body ended before it was as long as it said."""


@csrf_exempt  # nobody's session: whoever has the ticket may do the one thing it says
def transfer(request: HttpRequest, token: str) -> HttpResponseBase:
    """By GET and PUT as at a presigned URL of S3; no session is looked at."""
    try:
        ticket = tickets.read(token)
    except tickets.Refused as refused:
        return said(HTTPStatus.FORBIDDEN, str(refused))
    allowed = METHODS[ticket.method]
    if request.method not in allowed:
        wrong = f"This address is for {ticket.method} alone."
        return said(HTTPStatus.METHOD_NOT_ALLOWED, wrong, {"Allow": ", ".join(allowed)})
    return _take(request, ticket) if ticket.method == "PUT" else _give(request, ticket)


def _give(request: HttpRequest, ticket: Ticket) -> HttpResponseBase:
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
        "Cache-Control": "private, no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{uuid4().hex}"',  # the file may be another one the next time
    }
    return deliver(request, kept(ticket.kind), ticket.name, headers)


def _take(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or "Transfer-Encoding" in request.headers:
        return said(HTTPStatus.LENGTH_REQUIRED, "Say how long the file is: Content-Length.")
    if int(length) > ticket.largest:
        wrong = f"At most {ticket.largest} bytes go here."
        return said(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, wrong)
    if request.headers.get("Content-Type", "") != ticket.content_type:
        wrong = f"Only {ticket.content_type} goes here: send it as Content-Type."
        return said(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, wrong)
    try:
        kept(ticket.kind).save(ticket.name, Body(request, int(length)))
    except (CutOff, UnreadablePostError):
        return said(HTTPStatus.BAD_REQUEST, "The file ended too early; nothing was kept. Send it again.")
    except StorageAway:
        return not_now()
    return said(HTTPStatus.OK, "Kept.")


class Body(File):
    """The body of a request as a file to be saved, never whole in memory."""

    def __init__(self, request: HttpRequest, length: int) -> None:
        super().__init__(None, name="")
        self._request, self._length = request, length

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Raises CutOff at the end when it came too early."""
        left = self._length
        while left and (chunk := self._request.read(min(left, chunk_size or CHUNK))):
            left -= len(chunk)
            yield chunk
        if left:
            raise CutOff
