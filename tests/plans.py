"""How MariaDB runs the statements that a test makes: collected, explained, and what reads a table whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

Statement = tuple[str, Any]

# A table so small that reading all of it is the best plan.
SMALL = 100
EXPLAINED = ("SELECT", "UPDATE", "DELETE")

on_mariadb = pytest.mark.skipif(
    "mysql" not in settings.DATABASES["catalog"].get("ENGINE", ""), reason="looks at MariaDB's plans"
)


@contextmanager
def asked(alias: str) -> Iterator[list[Statement]]:
    """The statements that a database is given."""
    statements: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connections[alias].execute_wrapper(note):
        yield statements


def full_scans(alias: str, statements: Iterable[Statement]) -> list[str]:
    """Those that read all rows, or a whole index, of a table that is not small.

    With a LIMIT the planner expects few rows; where it has to look for them it may all the same read to the end.
    """
    found = []
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema=DATABASE()"
        )
        sizes = dict(cursor.fetchall())
        for sql, params in {sql: (sql, params) for sql, params in statements}.values():
            if not sql.lstrip("( ").upper().startswith(EXPLAINED):
                continue
            cursor.execute(f"EXPLAIN {sql}", params)
            names = [column[0] for column in cursor.description]
            for values in cursor.fetchall():
                row = dict(zip(names, values, strict=True))
                if (row["table"] or "").startswith("<"):  # what another row of the plan has read
                    continue
                searched = sizes.get(row["table"], SMALL) if "Using where" in (row["Extra"] or "") else 0
                rows = max(int(row["rows"] or 0), searched or 0)
                if row["type"] in ("ALL", "index") and rows > SMALL:
                    found.append(f"{row['table']} is read whole ({rows} rows): {sql[:400]}")
    return found


def analyze(alias: str, *tables: str) -> None:
    """Tell the planner how large they are. Commits, so only in tests with transactions of their own."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {', '.join(tables)}")
        cursor.fetchall()
