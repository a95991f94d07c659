"""Many new rows at once, for half of what bulk_create costs: plain values whose keys are known, nothing asked back."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

from django.db import connections, router
from django.db.models import Model

M = TypeVar("M", bound=Model)


def insert(rows: Sequence[M]) -> None:
    """Rows of one model, which has more than one column and no key that the database makes."""
    if not rows:
        return
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    prepare = [field.get_db_prep_save for field in fields]
    values_of = attrgetter(*(field.attname for field in fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) VALUES ({places})",
            [
                [p(value, connection) for p, value in zip(prepare, values_of(row), strict=True)]
                for row in rows
            ],
        )
