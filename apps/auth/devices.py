"""Where somebody is signed in: their live sessions, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from apps.auth import known, sessions
from apps.auth.models import Session

AGENT = "agent"
MOST = 100
# The first that is found counts: nearly every browser also calls itself Safari, and Edge calls itself Chrome.
BROWSERS = {
    "Edge": r"Edg(?:e|A|iOS)?/",
    "Opera": r"OPR/",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Chrome": r"Chrome/|CriOS/",
    "Safari": r"Safari/",
}
SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "Windows": r"Windows",
    "ChromeOS": r"CrOS",
    "macOS": r"Mac OS X|Macintosh",
    "Linux": r"Linux",
}


@dataclass(frozen=True)
class Device:
    """`browser` and `system` are names, or empty when the browser doesn't say; `seen_at` is exact to ten minutes."""

    session: str
    browser: str
    system: str
    signed_in_at: datetime
    seen_at: datetime
    is_this: bool


def devices(person_id: UUID, session_key: str) -> list[Device]:
    """At most MOST, the one of `session_key` first, then those seen last."""
    own = known.digest(session_key)
    rows = Session.objects.live().filter(user=person_id).order_by("-seen_at")[:MOST]
    found = [_device(row, own) for row in rows]
    return sorted(found, key=lambda device: not device.is_this)


def sign_out(person_id: UUID, session: str) -> bool:
    """End that session of a person, named as Device.session; False when it is nobody's or somebody else's."""
    if not Session.objects.filter(pk=session, user=person_id, ended_at=None).exists():
        return False
    sessions.end_by_digest(session)
    return True


def sign_out_elsewhere(person_id: UUID, session_key: str) -> int:
    """How many sessions ended: all but the one of `session_key`."""
    others = Session.objects.live().filter(user=person_id).exclude(pk=known.digest(session_key))
    ended = list(others.values_list("pk", flat=True))
    for session in ended:
        sessions.end_by_digest(session)
    return len(ended)


@receiver(user_logged_in)
def remember_agent(request: HttpRequest, **_kwargs: Any) -> None:
    request.session[AGENT] = request.META.get("HTTP_USER_AGENT", "")[:300]


def agent_of(row: Session) -> str:
    """What its browser called itself at sign-in; "" of one that has ended."""
    return str(sessions.SessionStore().decode(row.data).get(AGENT, ""))


def _device(row: Session, own: str) -> Device:
    agent = agent_of(row)
    return Device(
        session=row.pk,
        browser=_named(agent, BROWSERS),
        system=_named(agent, SYSTEMS),
        signed_in_at=row.created_at,
        seen_at=row.seen_at,
        is_this=row.pk == own,
    )


def _named(agent: str, names: dict[str, str]) -> str:
    return next((name for name, pattern in names.items() if re.search(pattern, agent)), "")
