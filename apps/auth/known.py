"""What a process remembers of sessions it has seen, and for how long it believes itself.

Auth keeps a copy of each session in the cache `sessions` (sessions.py writes it, shared where there is a Redis);
whoever asks who is calling looks there and in this process's own memory before asking auth.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django.db import OperationalError

from apps.auth.contract import Principal, Role

LIMIT = 20_000
TOKEN_PREFIX = "offshoot_"


class AuthIsAway(OperationalError):
    """Nobody can say who is calling, so nobody may pass; answered with 503 like any database that is away."""


def digest(session_key: str) -> str:
    """The name of a session wherever it is kept: who reads a table or a cache can't sign in with it."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def cache_key(session_key: str) -> str:
    return cache_key_of(digest(session_key))


def cache_key_of(session: str) -> str:
    return f"session.1.{session}"  # 1: the shape of the copy


def to_plain(principal: Principal) -> dict[str, Any]:
    """A signed-in principal as JSON values."""
    return {
        "id": str(principal.id),
        "email": principal.email,
        "name": principal.name,
        "role": principal.role.value,
        **({"scopes": principal.scopes} if principal.scopes else {}),
    }


def from_plain(data: dict[str, Any]) -> Principal:
    return Principal(
        id=UUID(data["id"]),
        email=data["email"],
        name=data["name"],
        role=Role(data["role"]),
        scopes=data.get("scopes", []),
    )


@dataclass(frozen=True)
class Known:
    """Whose session it was when its row was last looked at, at `checked_at` in seconds of the epoch.

    `principal` is None when the session had ended, or belonged to nobody yet.
    """

    principal: Principal | None
    checked_at: float

    @property
    def is_fresh(self) -> bool:
        # A copy checked in the future comes from a machine whose clock is ahead: it is looked at again.
        return 0 <= time.time() - self.checked_at < settings.SESSION_TRUST_SECONDS

    @property
    def may_go_on(self) -> bool:
        """Whether it is believed while auth can't be asked."""
        return time.time() - self.checked_at < settings.SESSION_GRACE_SECONDS


_memory: OrderedDict[str, Known] = OrderedDict()
_lock = Lock()


def remember(session_key: str, known: Known) -> None:
    with _lock:
        _memory[digest(session_key)] = known
        _memory.move_to_end(digest(session_key))
        while len(_memory) > LIMIT:
            _memory.popitem(last=False)


def forget(session_key: str) -> None:
    """This process asks again; the copy in the cache is auth's to change."""
    forget_digest(digest(session_key))


def forget_digest(session: str) -> None:
    with _lock:
        _memory.pop(session, None)


def forget_all() -> None:
    with _lock:
        _memory.clear()


def recall(session_key: str) -> Known | None:
    """The newest that is known without asking auth, fresh or not."""
    return recall_digest(digest(session_key))


def recall_digest(session: str) -> Known | None:
    """The same of the session with that digest."""
    ours = _memory.get(session)
    if ours is not None and ours.is_fresh:
        return ours
    shared = _shared(caches["sessions"].get(cache_key_of(session)))
    return max((known for known in (ours, shared) if known), key=lambda known: known.checked_at, default=None)


def _shared(copy: dict[str, Any] | None) -> Known | None:
    if copy is None:
        return None
    return Known(from_plain(copy["principal"]) if copy["principal"] else None, copy["checked_at"])
