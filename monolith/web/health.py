"""Is this process up, and can it serve: /livez and /readyz."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping

from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, cache
from django.db import DatabaseError, connections, router
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse

from seam.registry import registry
from seam.watcher import replica

logger = logging.getLogger(__name__)

PROBE_KEY = "readyz"


def livez(request: HttpRequest) -> HttpResponse:
    """The process answers. Looks at nothing else: restarting us mends no database."""
    return _answer({"status": "ok"}, status=200)


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every database answers and is migrated, else 503. Cache and replicas are reported and not required."""
    databases = {alias: _database_state(alias) for alias in connections if _is_used(alias)}
    ready = all(state == "ok" for state in databases.values())
    replicas = {alias: replica(alias).state for served in registry for alias in served.replicas}
    body = {"status": "ready" if ready else "unavailable", "databases": databases, "cache": _cache_state()}
    body |= {"replicas": replicas} if replicas else {}
    return _answer(body, status=200 if ready else 503)


def _answer(body: Mapping[str, object], *, status: int) -> JsonResponse:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status == 503 else {})
    return JsonResponse(body, status=status, headers=headers)


def _is_used(alias: str) -> bool:
    """Whether there is a database of ours behind it: without auth `default` is there and empty."""
    return "." not in alias and connections.settings[alias]["ENGINE"] != "django.db.backends.dummy"


def _database_state(alias: str) -> str:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
        missing = _missing_migrations(alias)
    except DatabaseError as error:
        logger.warning("Database %s does not answer: %s", alias, error)
        return "unreachable"
    return f"not migrated: {', '.join(missing)}; run manage.py migrate" if missing else "ok"


@functools.cache
def _migrated() -> set[str]:
    """Aliases once seen with all their migrations: they stay so while this process lives."""
    return set()


def _missing_migrations(alias: str) -> list[str]:
    if alias in _migrated():
        return []
    loader = MigrationLoader(connections[alias])
    leaves = [key for key in loader.graph.leaf_nodes() if router.allow_migrate(alias, key[0])]
    missing = [".".join(key) for key in leaves if key not in loader.applied_migrations]
    if not missing:
        _migrated().add(alias)
    return missing


def _cache_state() -> str:
    if settings.CACHES[DEFAULT_CACHE_ALIAS]["BACKEND"].endswith("DummyCache"):
        return "none"
    try:
        cache.set(PROBE_KEY, "1", timeout=30)
        return "ok" if cache.get(PROBE_KEY) == "1" else "unreachable"
    except Exception as error:  # each backend has its own errors
        logger.warning("The cache does not answer: %s", error)
        return "unreachable"
