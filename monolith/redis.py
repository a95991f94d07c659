"""The client of a Redis that may go away: connections that give up soon, and a breaker all of its commands pass.

Loaded by django-redis, which monolith/cache.py points here: where there is no Redis no process takes it along.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from monolith.breaker import Breaker

FAILED = (redis.ConnectionError, redis.TimeoutError)


class Pool(redis.ConnectionPool):
    """Connections that give up soon and share one breaker."""

    def __init__(self, **options: Any) -> None:
        # No retries: what is cached can be made again sooner than Redis can be waited for.
        super().__init__(**options | {"retry": Retry(NoBackoff(), 0)})
        self.breaker = Breaker(
            lambda: redis.Redis(connection_pool=self).ping(), server="Redis", failed=FAILED
        )


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
