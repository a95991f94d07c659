"""Personal API tokens: what a program shows to call for somebody. Rows hold their digests only."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.auth import known
from apps.auth.contract import Principal, Role
from apps.auth.known import TOKEN_PREFIX
from apps.auth.models import ApiToken
from seam import atomic

# What a token may be given, of what its person may. `apps.auth.client` asks for `<area>:read` and `<area>:write`.
SCOPES = {
    "account:read": _("See your account: name, addresses, devices, tokens, data"),
    "account:write": _("Change your name, sign devices out, revoke tokens and apps"),
    "catalog:read": _("Read the catalogue, and your favourites"),
    "catalog:write": _("Change the catalogue, as far as you may, and your favourites"),
    "media:read": _("See your pictures"),
    "media:write": _("Upload, describe and delete your pictures"),
}
DAYS = (7, 30, 90, 365)
MOST = 50  # for each person
USED_EVERY = timedelta(minutes=10)


class TooManyTokens(Exception):
    """A person has MOST already."""


def make_token(*, person_id: UUID, name: str, scopes: list[str], days: int) -> str:
    """The token, which can't be had again. Raises TooManyTokens; ValueError for an unknown scope or none."""
    if not scopes or not SCOPES.keys() >= set(scopes):
        raise ValueError(f"Scopes are {', '.join(SCOPES)}; at least one.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with atomic("auth"):
        if ApiToken.objects.filter(user=person_id).count() >= MOST:
            raise TooManyTokens
        ApiToken.objects.create(
            key=known.digest(token),
            user_id=person_id,
            name=name,
            scopes=sorted(scopes),
            expires_at=timezone.now() + timedelta(days=days),
        )
    return token


def list_tokens(person_id: UUID) -> list[ApiToken]:
    """The newest first, also those that have expired; `meanings` of each says what its scopes are, in words."""
    found = list(ApiToken.objects.filter(user=person_id).order_by("-created_at", "key"))
    for token in found:
        token.meanings = [(scope, SCOPES.get(scope, "")) for scope in token.scopes]  # type: ignore[attr-defined]
    return found


def revoke_token(*, person_id: UUID, key: str) -> bool:
    """Here at once, elsewhere within SESSION_TRUST_SECONDS; whether there was one of theirs."""
    with atomic("auth"):
        deleted, _by_model = ApiToken.objects.filter(pk=key, user=person_id).delete()
    if deleted:
        known.forget_digest(key)
        _keep(key, None)
    return bool(deleted)


def find(token: str) -> Principal | None:
    """For whom it calls; asked of its row, and noted for whoever looks in the cache before asking."""
    key = known.digest(token)
    columns = ("scopes", "used_at", "user_id", "user__email", "user__name", "user__role")
    row = ApiToken.objects.live().filter(pk=key).values(*columns).first()
    if row is None:
        return None
    principal = _principal(row)
    _note_used(key, row["used_at"])
    _keep(key, principal)
    return principal


def _principal(row: dict[str, Any]) -> Principal:
    return Principal(
        id=row["user_id"],
        email=row["user__email"],
        name=row["user__name"],
        role=Role(row["user__role"]),
        scopes=row["scopes"],
    )


def _note_used(key: str, used_at: Any) -> None:
    now = timezone.now()
    if used_at is None or now - used_at > USED_EVERY:
        with atomic("auth"):
            ApiToken.objects.filter(pk=key).update(used_at=now)


def _keep(key: str, principal: Principal | None) -> None:
    plain = known.to_plain(principal) if principal else None
    kept = {"principal": plain, "checked_at": time.time()}
    caches["sessions"].set(known.cache_key_of(key), kept, settings.SESSION_GRACE_SECONDS)
