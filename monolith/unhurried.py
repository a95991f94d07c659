"""What changes tables may take as long as it takes: the time a statement may take on MySQL is for those who wait."""

from __future__ import annotations

from django.db import connections


def give_time(alias: str) -> None:
    """Take the limit off the statements of that database, in this process."""
    connection = connections[alias]
    connection.close()
    for limit in ("read_timeout", "write_timeout"):
        connection.settings_dict.get("OPTIONS", {}).pop(limit, None)
