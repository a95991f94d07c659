"""Django's session engine: a row of ours is the truth, a copy in the cache `sessions` saves reading it.

The copy carries the session's version, the person's epoch and when it was last checked against the row. For
SESSION_TRUST_SECONDS it is believed, then one small query checks it. So a cache that is down, slow, empty or
back from the dead signs nobody out and brings nothing back: docs/decisions/0030-sessions.md.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.core.cache import caches
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from apps.auth import known
from apps.auth.contract import Principal, Role
from apps.auth.models import Session
from seam import atomic, enqueue

# How exact `seen_at` is: seldom enough that reading pages writes next to nothing.
SEEN_EVERY = timedelta(minutes=10)
# How long the row of an ended session is kept, for a person who wants to know when it ended.
KEEP_ENDED = timedelta(days=7)
CLEAR = "auth.clear_sessions"
CHECK = ("version", "epoch", "seen_at", "user_id", "user__email", "user__name", "user__role")


@dataclass(frozen=True)
class Copy:
    """What is kept of a session outside its row. `principal` in plain values, `data` signed as in the row."""

    version: int
    epoch: str
    checked_at: float
    principal: dict[str, Any] | None
    data: str

    @classmethod
    def of(cls, row: dict[str, Any], data: str, checked_at: float) -> Self:
        return cls(row["version"], row["epoch"], checked_at, _principal(row), data)

    @property
    def is_fresh(self) -> bool:
        return known.Known(None, self.checked_at).is_fresh

    def matches(self, row: dict[str, Any]) -> bool:
        return (self.version, self.epoch) == (row["version"], row["epoch"])


ENDED = Copy(version=-1, epoch="", checked_at=0, principal=None, data="")


def find(session_key: str, *, believe_copy: bool = True) -> Copy | None:
    """The session as it is, or was at most SESSION_TRUST_SECONDS ago if `believe_copy`; None when it is over."""
    kept = caches["sessions"].get(known.cache_key(session_key))
    copy = Copy(**kept) if kept else None
    if copy and copy.is_fresh and believe_copy:
        return copy if copy.version != ENDED.version else None
    return _check(session_key, copy)


def _check(session_key: str, copy: Copy | None) -> Copy | None:
    """Look at the row; read its data only when it is not the version of `copy`."""
    checked_at = time.time()
    rows = Session.objects.live().filter(pk=known.digest(session_key))
    row = rows.values(*CHECK, *(() if copy else ("data",))).first()
    if row is None:
        if copy:
            _keep(known.digest(session_key), ENDED, checked_at)
        return None
    if copy and not copy.matches(row):
        return _check(session_key, None)
    _note_seen(session_key, row["seen_at"])
    found = Copy.of(row, copy.data if copy else row["data"], checked_at)
    _keep(known.digest(session_key), found, checked_at)
    return found


def _principal(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["user_id"] is None:
        return None
    person = Principal(
        id=row["user_id"], email=row["user__email"], name=row["user__name"], role=Role(row["user__role"])
    )
    return known.to_plain(person)


def _keep(session: str, copy: Copy, checked_at: float) -> None:
    kept = asdict(copy) | {"checked_at": checked_at}
    caches["sessions"].set(known.cache_key_of(session), kept, settings.SESSION_GRACE_SECONDS)


def _note_seen(session_key: str, seen_at: Any) -> None:
    now = timezone.now()
    if now - seen_at > SEEN_EVERY:
        with atomic("auth"):
            Session.objects.filter(pk=known.digest(session_key), ended_at=None).update(seen_at=now)


def refresh(session_key: str | None) -> None:
    """Something about its person changed: what is kept of the session is made anew."""
    if session_key is not None:
        known.forget(session_key)
        _check(session_key, None)


def end(session_key: str) -> None:
    """End a session, for good and everywhere: here at once, elsewhere within SESSION_TRUST_SECONDS."""
    end_by_digest(known.digest(session_key))


def end_by_digest(session: str) -> None:
    """The same for whoever knows its row only."""
    with atomic("auth"):
        rows = Session.objects.filter(pk=session, ended_at=None)
        rows.update(ended_at=timezone.now(), version=F("version") + 1, data="")
    known.forget_digest(session)
    _keep(session, ENDED, time.time())


class SessionStore(SessionBase):
    """What `request.session` is."""

    @property
    def _digest(self) -> str:
        return known.digest(self.session_key or "")

    def load(self) -> dict[str, Any]:
        copy = find(self.session_key) if self.session_key else None
        if copy is None:
            self._session_key = None
            return {}
        return self.decode(copy.data)

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(pk=known.digest(session_key)).exists()

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:  # the key was taken
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError when the session has ended meanwhile: nothing brings it back."""
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        fields = {
            "data": self.encode(data),
            "expires_at": self.get_expiry_date(),
            "user_id": UUID(data[SESSION_KEY]) if SESSION_KEY in data else None,
            "epoch": data.get(HASH_SESSION_KEY, ""),
        }
        if must_create:
            self._insert(fields)
        else:
            self._update(fields)
        refresh(self.session_key)

    def _insert(self, fields: dict[str, Any]) -> None:
        try:
            with atomic("auth"):
                Session.objects.create(key=self._digest, **fields)
                # Every day on which a session begins, those that are over are cleared away once.
                enqueue(CLEAR, {}, key=timezone.now().date().isoformat())
        except IntegrityError as error:
            raise CreateError from error

    def _update(self, fields: dict[str, Any]) -> None:
        rows = Session.objects.filter(pk=self._digest, ended_at=None, expires_at__gt=timezone.now())
        try:
            with atomic("auth"):
                updated = rows.update(version=F("version") + 1, **fields)
        except IntegrityError as error:  # the account was deleted meanwhile
            raise UpdateError from error
        if not updated:
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key is not None:
            end(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the rows of sessions that expired, or ended KEEP_ENDED ago."""
        now = timezone.now()
        with atomic("auth"):
            Session.objects.filter(expires_at__lt=now).delete()
            Session.objects.filter(ended_at__lt=now - KEEP_ENDED).delete()
