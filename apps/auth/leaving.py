"""What a person may take along and leave behind: their data, their account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import Enum
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from apps.auth import devices, openid, service
from apps.auth.contract import Role
from apps.auth.models import ApiToken, Session, User
from apps.catalog.contract import Catalog
from apps.media.contract import Media
from seam import atomic, use

PAGE = 100


class Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.value if isinstance(o, Enum) else super().default(o)


class LastOfStaff(Exception):
    """Whoever leaves would leave nobody who can give access."""


def data_of(person_id: UUID) -> dict[str, Any]:
    """All that every context knows of a person, as values for JSON.

    Raises seam.wire.Unavailable or an error of the database when one can't be asked: half of it would look like all.
    """
    return {
        "site": settings.SITE_URL,
        "account": account_of(person_id),
        "sessions": [_session(row) for row in Session.objects.filter(user=person_id).order_by("pk")],
        "second_steps": _rows(
            Authenticator.objects.filter(user=person_id), "type", "created_at", "last_used_at"
        ),
        "api_tokens": _rows(
            ApiToken.objects.filter(user=person_id), "name", "scopes", "created_at", "expires_at", "used_at"
        ),
        "apps": openid.apps_of(person_id),
        "pictures": _pictures(person_id),
        "favourites": _favourites(person_id),
    }


def leave(person_id: UUID) -> None:
    """Delete the account; every context hears of it. Raises LastOfStaff."""
    staff = User.objects.filter(role=Role.STAFF.value, is_active=True).order_by("pk")
    locked = staff.select_for_update().values_list("pk", flat=True)
    with atomic("auth"):
        # Locked, so that of two who leave at the same moment the second finds out that nobody else is left.
        if staff.filter(pk=person_id).exists() and set(locked) == {person_id}:
            raise LastOfStaff
        service.delete_person(person_id=person_id)


def account_of(person_id: UUID) -> dict[str, Any]:
    """Who they are here, as values for JSON."""
    person = User.objects.get(pk=person_id)
    addresses = _rows(EmailAddress.objects.filter(user=person), "email", "verified", "primary")
    return {
        "id": person.pk,
        "name": person.name,
        "email": person.email,
        "addresses": addresses,
        "role": person.role,
        "member_since": person.date_joined,
        "last_sign_in": person.last_login,
    }


def _session(row: Session) -> dict[str, Any]:
    moments = {name: getattr(row, name) for name in ("created_at", "seen_at", "expires_at", "ended_at")}
    return moments | {"browser": devices.agent_of(row)}


def _rows(found: Any, *columns: str) -> list[dict[str, Any]]:
    return list(found.order_by("pk").values(*columns))


def _pictures(person_id: UUID) -> list[dict[str, Any]]:
    pages = _pages(lambda after: use(Media).list_assets(owner_id=person_id, limit=PAGE, after=after))
    return [asdict(asset) for page in pages for asset in page.assets]


def _favourites(person_id: UUID) -> list[dict[str, Any]]:
    pages = _pages(lambda after: use(Catalog).list_favourites(person_id=person_id, limit=PAGE, after=after))
    return [asdict(favourite) for page in pages for favourite in page.favourites]


def _pages(ask: Callable[[str | None], Any]) -> Iterator[Any]:
    after = None
    while True:
        page = ask(after)
        yield page
        after = page.next
        if not after:
            return
