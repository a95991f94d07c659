"""Limited access to one file of a folder, as a signed text in a URL: what a presigned URL is to S3."""

from __future__ import annotations

import time
from dataclasses import astuple, dataclass

from django.conf import settings
from django.core import signing

PREFIX = "/media/transfer/"
SALT = "apps.media.tickets"
WEEK = 7 * 24 * 3600  # the longest S3 allows


class Refused(Exception):
    """A ticket that is not ours, or whose time is over."""


@dataclass(frozen=True)
class Ticket:
    """One method on one file until `ends` (seconds since 1970). For PUT: its type, and at most how many bytes."""

    method: str
    kind: str
    name: str
    ends: int
    content_type: str = ""
    largest: int = 0


def url(method: str, kind: str, name: str, *, seconds: int, content_type: str = "", largest: int = 0) -> str:
    """An absolute URL that holds the ticket. Raises ValueError for a time that is none or longer than a week."""
    ends = int(time.time()) + checked(seconds)
    ticket = Ticket(method, kind, name, ends, content_type, largest)
    return f"{settings.TRANSFER_URL}{PREFIX}{signing.Signer(salt=SALT).sign_object(astuple(ticket))}"


def checked(seconds: int) -> int:
    if not 1 <= seconds <= WEEK:
        raise ValueError(f"A URL can be good for 1 to {WEEK} seconds, not {seconds}.")
    return seconds


def read(token: str) -> Ticket:
    """Raises Refused."""
    try:
        ticket = Ticket(*signing.Signer(salt=SALT).unsign_object(token))
    except signing.BadSignature as error:
        raise Refused("This address was not made by us, or was changed.") from error
    if ticket.ends <= time.time():
        raise Refused("This address was good until a moment ago. Ask for a new one.")
    return ticket
