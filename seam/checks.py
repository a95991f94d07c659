"""Django system checks: what must be so before anything is claimed from a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from seam.registry import registry

READ_COMMITTED = "READ-COMMITTED"


@register(Tags.database)
def isolation_level(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """MySQL claims rows without deadlocks at READ COMMITTED only; it is the server that is asked."""
    aliases = [served.alias for served in registry if served.alias in (databases or ())]
    return [error for alias in aliases if (error := _wrong_level(alias))]


def _wrong_level(alias: str) -> Error | None:
    connection = connections[alias]
    if connection.vendor != "mysql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')")
        levels = {level for _variable, level in cursor.fetchall()}
    if levels == {READ_COMMITTED}:
        return None
    return Error(
        f"The database {alias!r} is at isolation level {', '.join(sorted(levels))}, not {READ_COMMITTED}: relay and "
        "worker would wait for each other's rows and deadlock.",
        hint="We ask for it on each connection, so something on the way does not keep what a connection sets: in the "
        "proxy, or on the server, set transaction_isolation to READ-COMMITTED.",
        id="seam.E001",
    )
