"""The cache `limits`: rows of ours, written like everything of ours in a transaction of this context.

Django's own cache in a table counts the whole of it at each write, which is at each attempt to sign in. Here what has
expired is cleared away now and then, and found by its index.
"""

from __future__ import annotations

import base64
import pickle
import random
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import IntegrityError
from django.utils import timezone

from seam import atomic

CLEAR_EVERY = 200  # writes, on average
CLEARED_AT_ONCE = 1000
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class AttemptCache(DatabaseCache):
    # All writing of Django's goes through these two.
    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT) -> bool:
        """`mode` is set, add or touch; False where nothing was written."""
        from apps.auth.models import Attempt

        ends_at = self.get_backend_timeout(timeout)
        expires = NEVER if ends_at is None else datetime.fromtimestamp(ends_at, UTC)
        known = Attempt.objects.filter(pk=key)
        alive = known.filter(expires__gt=timezone.now())
        if not random.randrange(CLEAR_EVERY):
            self._clear()
        try:
            with atomic("auth"):
                if mode == "touch":
                    return bool(alive.update(expires=expires))
                if mode == "add" and alive.exists():
                    return False
                kept = {
                    "value": base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode("latin1"),
                    "expires": expires,
                }
                if not known.update(**kept):
                    Attempt.objects.create(pk=key, **kept)
        except IntegrityError:  # somebody wrote it meanwhile
            return False
        return True

    def _base_delete_many(self, *args: Any, **kwargs: Any) -> Any:
        with atomic("auth"):
            return super()._base_delete_many(*args, **kwargs)  # type: ignore[misc]

    def _clear(self) -> None:
        from apps.auth.models import Attempt

        expired = Attempt.objects.filter(expires__lt=timezone.now()).values_list("pk", flat=True)
        with atomic("auth"):
            Attempt.objects.filter(pk__in=list(expired[:CLEARED_AT_ONCE])).delete()
