"""The cache `limits`: rows of ours, written like everything of ours in a transaction of this context."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.db import DatabaseCache

from seam import atomic


class AttemptCache(DatabaseCache):
    # All writing of Django's goes through these two.
    def _base_set(self, *args: Any, **kwargs: Any) -> Any:
        with atomic("auth"):
            return super()._base_set(*args, **kwargs)  # type: ignore[misc]

    def _base_delete_many(self, *args: Any, **kwargs: Any) -> Any:
        with atomic("auth"):
            return super()._base_delete_many(*args, **kwargs)  # type: ignore[misc]
