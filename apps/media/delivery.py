"""Hands out the files: renditions to everybody under names that never change, originals to their owner."""

from __future__ import annotations

import re
from collections.abc import Callable
from mimetypes import guess_type
from unicodedata import normalize

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from apps.media import tickets
from apps.media.models import Asset
from apps.media.serving import deliver, not_here
from apps.media.storage import CONTENT_TYPES, IMMUTABLE, originals, renditions, tag_of
from apps.media.transfer import transfer

RENDITIONS = "/media/r/"
FORBIDDEN = '<>:"/\\|?*'  # by Windows, in names of files
LONGEST = 200  # bytes of a file's name without its ending; most systems take 255 in all
NAME = re.compile(r"[0-9a-f]{64}/[1-9][0-9]{0,3}\.(avif|webp|jpg|png)")


def deliver_pictures(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers for renditions before languages, sessions and forms are looked at, as is done with static files.

    A page has two dozen of them; and what comes after would make them vary by language. So for files by ticket, whose
    bearer is a program without a session.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(RENDITIONS):
            return rendition(request, path.removeprefix(RENDITIONS))
        if path.startswith(tickets.PREFIX):
            return transfer(request, path.removeprefix(tickets.PREFIX))
        return get_response(request)

    return middleware


@require_safe
def rendition(request: HttpRequest, name: str) -> HttpResponseBase:
    known = NAME.fullmatch(name)
    if known is None:
        return not_here()
    folder, _, file_name = name.partition("/")
    headers = {
        "Content-Type": CONTENT_TYPES[known[1]],
        "Content-Disposition": f'inline; filename="{file_name}"',
        "Cache-Control": IMMUTABLE,
        "Cross-Origin-Resource-Policy": "cross-origin",  # public, and may come to lie on a host of its own
        "Cache-Tag": tag_of(name),
        "ETag": f'"{folder[:32]}-{file_name}"',
    }
    return deliver(request, renditions(), name, headers)


def original(request: HttpRequest, asset: Asset) -> HttpResponseBase:
    """The bytes as they were uploaded, for whoever was found to own them; always to be saved, never shown."""
    kept = asset.original
    headers = {
        "Content-Type": f"image/{_kind(kept.format)}",
        "Content-Disposition": content_disposition_header(True, file_name(asset)) or "attachment",
        "Cache-Control": "private, no-cache",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{kept.sha256}"',
    }
    return deliver(request, originals(), kept.name, headers)


def file_name(asset: Asset) -> str:
    """What to save the original as: as it was called, where that can be written, read and saved anywhere."""
    stem, _, ending = asset.file_name.rpartition(".")
    kind = _kind(asset.original.format)
    if guess_type(f"p.{ending}")[0] != f"image/{kind}":  # whoever sent it may have called it page.html
        ending = kind
    called = normalize("NFC", stem or asset.title)  # as a Mac writes it, é is two characters
    safe = "".join(c if c.isprintable() and c not in FORBIDDEN else "_" for c in called).strip(" .")
    return f"{safe.encode()[:LONGEST].decode(errors='ignore') or 'picture'}.{ending}"


def _kind(picture_format: str) -> str:
    return "jpeg" if picture_format == "MPO" else picture_format.lower()
