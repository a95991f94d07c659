"""What we do when others speak."""

from __future__ import annotations

from apps.auth.contract import UserDeleted
from apps.media import service
from seam import Job


def _forget(event: UserDeleted, _result: None) -> None:
    service.forget_owner(event.user_id)


SUBSCRIPTIONS: list[Job] = [Job("media.on_user_deleted", hears=UserDeleted, effect=_forget)]
