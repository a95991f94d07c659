"""Idempotency-Key: what a POST did is done once, and its answer kept for a day, in the same transaction."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError
from django.http import RawPostDataException
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog.models import Answer
from seam import ContractError, atomic

KEPT = timedelta(hours=24)
FORM = re.compile(r"[!-~]{1,255}", re.ASCII)
HEADERS = ("ETag", "Location")
LOCKED = 1205  # ER_LOCK_WAIT_TIMEOUT; SQLite has one writer, for whom others wait
SWEPT = 20  # old answers that go with each new one

Post = Callable[..., Any]


class InvalidKey(ContractError):
    code = "catalog.invalid_idempotency_key"


class KeyUsedOtherwise(ContractError):
    code = "catalog.idempotency_key_used_otherwise"


class UnderWay(ContractError):
    code = "catalog.request_under_way"


@dataclass(frozen=True)
class Sending:
    """`id`: whose key it is, and which; `digest`: of all that they asked for."""

    id: str
    digest: str
    person_id: UUID

    def recall(self) -> Response | None:
        """What was answered before. Raises KeyUsedOtherwise, UnderWay."""
        with _told_if_locked(), atomic("catalog"):  # so it is no replica that is asked
            row = Answer.objects.select_for_update(nowait=True).filter(pk=self.id).first()
            if row and row.at < timezone.now() - KEPT:
                row.delete()
                row = None
        if row is None:
            return None
        if row.digest != self.digest:
            raise KeyUsedOtherwise(
                _(
                    "This Idempotency-Key came with another request before. Make a new key for each new request."
                )
            )
        return Response(row.data, row.status, headers=row.headers)

    def keep(self, do: Callable[[], Response]) -> Response:
        """Whoever comes second waits at the row's key, and finds the answer or, after a crash, nothing."""
        try:
            with _told_if_locked(), atomic("catalog"):
                row = Answer(id=self.id, digest=self.digest, person_id=self.person_id, status=0)
                row.save(force_insert=True)
                response = do()
                row.status, row.data = response.status_code, response.data
                row.headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
                row.save()
        except IntegrityError:
            if answered := self.recall():
                return answered
            raise
        _sweep()
        return response


def repeatable(post: Post) -> Post:
    """A POST that may be sent again with its Idempotency-Key; `once` does what it does."""

    @functools.wraps(post)
    def handler(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        sending = _sending(request)
        if sending and (answered := sending.recall()):
            return answered
        request._request.sending = sending  # type: ignore[attr-defined]
        return post(view, request, *args, **kwargs)

    return handler


def once(request: Request, do: Callable[[], Response]) -> Response:
    """Within a `repeatable` POST: `do` writes and answers, both or neither. It calls no other context."""
    sending: Sending | None = request._request.sending  # type: ignore[attr-defined]
    return sending.keep(do) if sending else do()


@contextmanager
def _told_if_locked() -> Iterator[None]:
    """Raises UnderWay where another transaction holds the row; any other failure of the database stays one."""
    try:
        yield
    except OperationalError as error:
        if error.args[:1] != (LOCKED,):
            raise
        raise UnderWay(_("This request is being answered. Send it again in a moment.")) from error


def _sending(request: Request) -> Sending | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not FORM.fullmatch(key):
        raise InvalidKey(_("An Idempotency-Key has 1 to 255 printable characters of ASCII, and no space."))
    person_id: UUID = request.user.id  # type: ignore[assignment]
    django = request._request
    asked = (str(django.method), django.get_full_path(), django.headers.get("If-Match", ""), _body(request))
    return Sending(_digest(person_id.hex, key), _digest(*asked), person_id)


def _body(request: Request) -> str | bytes:
    try:
        return request._request.body
    except RawPostDataException:  # a form with files, which no POST of ours takes
        return b""


def _digest(*parts: str | bytes) -> str:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        part = part if isinstance(part, bytes) else part.encode()
        made.update(len(part).to_bytes(8) + part)
    return made.hexdigest()


def _sweep() -> None:
    with atomic("catalog"):
        old = Answer.objects.filter(at__lt=timezone.now() - KEPT).order_by("at").values_list("pk", flat=True)
        Answer.objects.filter(pk__in=list(old[:SWEPT])).delete()
