"""Redis or Memcached as a cache that may go away: short timeouts, and a breaker so that a dead one costs nothing.

Named by settings.CACHES. For Redis django-redis does the caching, and with IGNORE_EXCEPTIONS a failure is a miss;
for Memcached Django and pymemcache do.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pymemcache
import redis
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import cached_property
from pymemcache.exceptions import MemcacheError, MemcacheUnexpectedCloseError
from pymemcache.serde import pickle_serde
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

log = logging.getLogger(__name__)

FAILURES = 3
PAUSE = 1.0
FAILED = (redis.ConnectionError, redis.TimeoutError)
CONNECT_SECONDS, ANSWER_SECONDS = 0.1, 0.15


class Breaker:
    """Lets commands through until FAILURES in a row failed; then nobody waits for the server until it answers a ping.

    The ping runs in a thread of its own, at most every PAUSE seconds and only while somebody would use the server:
    no request ever waits to find out whether it is back. A failure is an error of `failed`, of which the first is
    raised while nobody is let through.
    """

    def __init__(
        self,
        ping: Callable[[], object],
        *,
        server: str = "Redis",
        failed: tuple[type[Exception], ...] = FAILED,
    ) -> None:
        self._ping = ping
        self._server = server
        self._failures_are = failed
        self._lock = threading.Lock()
        self._failures = 0
        self._next_ping = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    def call(self, command: Callable[[], Any]) -> Any:
        """What `command` returns. Raises the first of `failed` at once while open."""
        if self.is_open:
            self._ask_in_background()
            raise self._failures_are[0](f"{self._server} did not answer and is not asked until it does.")
        try:
            result = command()
        except self._failures_are as error:
            self._failed(error)
            raise
        self._failures = 0
        return result

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES:
                self._next_ping = time.monotonic() + PAUSE
                log.warning("%s does not answer (%s); going on without it", self._server, error)

    def _ask_in_background(self) -> None:
        with self._lock:
            if time.monotonic() < self._next_ping:
                return
            self._next_ping = time.monotonic() + PAUSE
        threading.Thread(target=self._try_again, name="cache-ping", daemon=True).start()

    def _try_again(self) -> None:
        try:
            self._ping()
        except Exception:  # whatever it says, it is not the answer
            return
        self._failures = 0
        log.warning("%s answers again", self._server)


class Pool(redis.ConnectionPool):
    """Connections that give up soon and share one breaker."""

    def __init__(self, **options: Any) -> None:
        # No retries: what is cached can be made again sooner than Redis can be waited for.
        super().__init__(**options | {"retry": Retry(NoBackoff(), 0)})
        self.breaker = Breaker(lambda: redis.Redis(connection_pool=self).ping())


class GuardedPipeline(Pipeline):
    connection_pool: Pool

    def execute(self, raise_on_error: bool = True) -> Any:
        return self.connection_pool.breaker.call(lambda: super(GuardedPipeline, self).execute(raise_on_error))


class GuardedRedis(redis.Redis):
    """A client all of whose commands pass the breaker of its Pool."""

    connection_pool: Pool

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return self.connection_pool.breaker.call(
            lambda: super(GuardedRedis, self).execute_command(*args, **options)  # type: ignore[no-untyped-call]
        )

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def redis_cache(url: str, *, prefix: str, serializer: str = "pickle.PickleSerializer") -> dict[str, Any]:
    """An entry of settings.CACHES. A connection is given up after 100 ms, an answer after 150 ms."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": prefix,
        "OPTIONS": {
            "REDIS_CLIENT_CLASS": "monolith.cache.GuardedRedis",
            "CONNECTION_POOL_CLASS": "monolith.cache.Pool",
            "SOCKET_CONNECT_TIMEOUT": CONNECT_SECONDS,
            "SOCKET_TIMEOUT": ANSWER_SECONDS,
            "IGNORE_EXCEPTIONS": True,
            "SERIALIZER": f"django_redis.serializers.{serializer}",
        },
    }


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


PLAIN = re.compile(r"[!-~]{1,200}")


def memcached_key(key: str, prefix: str, version: int) -> str:
    """Memcached takes 250 characters, none of them a blank; what is no such key goes by its digest."""
    name = str(key) if PLAIN.fullmatch(str(key)) else hashlib.sha256(str(key).encode()).hexdigest()
    return f"{prefix}:{version}:{name}"


def memcached_cache(server: str, *, prefix: str, serializer: str = "pickle") -> dict[str, Any]:
    """An entry of settings.CACHES. A connection is given up after 100 ms, an answer after 150 ms."""
    return {
        "BACKEND": "monolith.cache.Memcached",
        "LOCATION": server,
        "KEY_PREFIX": prefix,
        "KEY_FUNCTION": memcached_key,
        "OPTIONS": {"serializer": serializer},
    }


REMEDY = "It must be redis://host:6379/0, memcached://host:11211, or none."


def caches(url: str) -> dict[str, dict[str, Any]]:
    """The caches `default` and `sessions` of settings.CACHES. Raises ImproperlyConfigured for a URL of neither kind."""
    nothing = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    if url == "none":
        return {"default": nothing, "sessions": nothing}
    if not url:
        memory = {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
        # No copies of session rows: memory of one process does not know what another one ended.
        return {"default": memory, "sessions": nothing}
    if url.startswith(("redis://", "rediss://", "unix://")):
        return {
            "default": redis_cache(url, prefix="site"),
            "sessions": redis_cache(url, prefix="session", serializer="json.JSONSerializer"),
        }
    server = _memcached_server(url)
    return {
        "default": memcached_cache(server, prefix="site"),
        "sessions": memcached_cache(server, prefix="session", serializer="json"),
    }


def _memcached_server(url: str) -> str:
    """`host:port`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 11211
    except ValueError:
        host = None
    if not host or parts.scheme != "memcached" or "," in host or parts.path.strip("/") or "@" in parts.netloc:
        raise ImproperlyConfigured(
            f"CACHE_URL={url!r} (or REDIS_URL, where it is not set) names no cache. {REMEDY}"
        )
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
