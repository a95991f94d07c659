"""Django's cache on a Memcached that may go away: short timeouts, and a breaker."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, ClassVar

import pymemcache
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.utils.functional import cached_property
from pymemcache.exceptions import MemcacheError, MemcacheUnexpectedCloseError
from pymemcache.serde import pickle_serde

from monolith.breaker import Breaker
from monolith.cache import ANSWER_SECONDS, CONNECT_SECONDS


class JsonSerde:
    """Values as JSON: what is read from a cache that others may write to is never unpickled."""

    def serialize(self, key: str, value: Any) -> tuple[bytes, int]:
        return json.dumps(value).encode(), 0

    def deserialize(self, key: str, value: bytes, flags: int) -> Any:
        return json.loads(value)


class GuardedMemcached:
    """One server's connections, shared by the threads of a process. What fails is a miss."""

    SERDES: ClassVar[dict[str, Any]] = {"pickle": pickle_serde, "json": JsonSerde()}
    _known: ClassVar[dict[tuple[int, str, str], GuardedMemcached]] = {}

    @classmethod
    def of(cls, server: str, serializer: str) -> GuardedMemcached:
        """The one of this process: no connection is shared with another."""
        key = os.getpid(), server, serializer
        return cls._known.get(key) or cls._known.setdefault(key, cls(server, serializer))

    def __init__(self, server: str, serializer: str) -> None:
        self._client = pymemcache.PooledClient(
            server,
            serde=self.SERDES[serializer],
            connect_timeout=CONNECT_SECONDS,
            timeout=ANSWER_SECONDS,
            no_delay=True,
            default_noreply=False,
        )
        failed = (OSError, MemcacheUnexpectedCloseError)
        self.breaker = Breaker(self._client.version, server="Memcached", failed=failed)

    def _ask(self, missed: Any, command: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self.breaker.call(lambda: command(*arguments))
        except (OSError, MemcacheError):  # gone, or refused: a value may be too large
            return missed

    def get(self, key: str, default: Any = None) -> Any:
        return self._ask(default, self._client.get, key, default)

    def get_multi(self, keys: Any) -> Any:
        return self._ask({}, self._client.get_many, list(keys))

    def set(self, key: str, value: Any, seconds: int) -> Any:
        return self._ask(False, self._client.set, key, value, seconds)

    def set_multi(self, values: dict[str, Any], seconds: int) -> Any:
        # One by one, so that a value that is refused takes no other with it.
        return [key for key, value in values.items() if not self.set(key, value, seconds)]

    def add(self, key: str, value: Any, seconds: int) -> Any:
        return self._ask(False, self._client.add, key, value, seconds)

    def touch(self, key: str, seconds: int) -> Any:
        return self._ask(False, self._client.touch, key, seconds)

    def delete(self, key: str) -> Any:
        return self._ask(False, self._client.delete, key)

    def delete_multi(self, keys: Any) -> Any:
        return self._ask(False, self._client.delete_many, list(keys))

    def incr(self, key: str, by: int) -> Any:
        return self._ask(None, self._client.incr, key, by)

    def decr(self, key: str, by: int) -> Any:
        return self._ask(None, self._client.decr, key, by)

    def flush_all(self) -> Any:
        return self._ask(False, self._client.flush_all)


class Memcached(BaseMemcachedCache):
    """Django's cache on GuardedMemcached."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params, library=pymemcache, value_not_found_exception=KeyError)
        self._server, self._serializer = server, params["OPTIONS"]["serializer"]

    @cached_property
    def _cache(self) -> GuardedMemcached:
        return GuardedMemcached.of(self._server, self._serializer)

    def close(self, **kwargs: Any) -> None:
        """Connections outlive a request."""
