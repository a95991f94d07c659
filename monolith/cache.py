"""Redis as a cache that may go away: short timeouts, and a breaker so that a dead one costs nothing.

Named by settings.CACHES; django-redis does the caching, and with IGNORE_EXCEPTIONS a failure is a miss.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

log = logging.getLogger(__name__)

FAILURES = 3
PAUSE = 1.0
FAILED = (redis.ConnectionError, redis.TimeoutError)


class Breaker:
    """Lets commands through until FAILURES in a row failed; then nobody waits for Redis until it answers a ping.

    The ping runs in a thread of its own, at most every PAUSE seconds and only while somebody would use Redis:
    no request ever waits to find out whether it is back.
    """

    def __init__(self, ping: Callable[[], object]) -> None:
        self._ping = ping
        self._lock = threading.Lock()
        self._failures = 0
        self._next_ping = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    def call(self, command: Callable[[], Any]) -> Any:
        """What `command` returns. Raises redis.ConnectionError at once while open."""
        if self.is_open:
            self._ask_in_background()
            raise redis.ConnectionError("Redis did not answer and is not asked until it does.")
        try:
            result = command()
        except FAILED as error:
            self._failed(error)
            raise
        self._failures = 0
        return result

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES:
                self._next_ping = time.monotonic() + PAUSE
                log.warning("Redis does not answer (%s); going on without it", error)

    def _ask_in_background(self) -> None:
        with self._lock:
            if time.monotonic() < self._next_ping:
                return
            self._next_ping = time.monotonic() + PAUSE
        threading.Thread(target=self._try_again, name="redis-ping", daemon=True).start()

    def _try_again(self) -> None:
        try:
            self._ping()
        except redis.RedisError:
            return
        self._failures = 0
        log.warning("Redis answers again")


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
            "SOCKET_CONNECT_TIMEOUT": 0.1,
            "SOCKET_TIMEOUT": 0.15,
            "IGNORE_EXCEPTIONS": True,
            "SERIALIZER": f"django_redis.serializers.{serializer}",
        },
    }
