"""Redis or Memcached as a cache that may go away, named by a URL: what settings.CACHES says of them.

For Redis django-redis does the caching, on the client of monolith/redis.py, and with IGNORE_EXCEPTIONS a failure is a
miss; for Memcached Django and pymemcache do, by monolith/memcached.py.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

CONNECT_SECONDS, ANSWER_SECONDS = 0.1, 0.15


def redis_cache(url: str, *, prefix: str, serializer: str = "pickle.PickleSerializer") -> dict[str, Any]:
    """An entry of settings.CACHES. A connection is given up after 100 ms, an answer after 150 ms."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": prefix,
        "OPTIONS": {
            "REDIS_CLIENT_CLASS": "monolith.redis.GuardedRedis",
            "CONNECTION_POOL_CLASS": "monolith.redis.Pool",
            "SOCKET_CONNECT_TIMEOUT": CONNECT_SECONDS,
            "SOCKET_TIMEOUT": ANSWER_SECONDS,
            "IGNORE_EXCEPTIONS": True,
            "SERIALIZER": f"django_redis.serializers.{serializer}",
        },
    }


PLAIN = re.compile(r"[!-~]{1,200}")


def memcached_key(key: str, prefix: str, version: int) -> str:
    """Memcached takes 250 characters, none of them a blank; what is no such key goes by its digest."""
    name = str(key) if PLAIN.fullmatch(str(key)) else hashlib.sha256(str(key).encode()).hexdigest()
    return f"{prefix}:{version}:{name}"


def memcached_cache(server: str, *, prefix: str, serializer: str = "pickle") -> dict[str, Any]:
    """An entry of settings.CACHES. A connection is given up after 100 ms, an answer after 150 ms."""
    return {
        "BACKEND": "monolith.memcached.Memcached",
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
