"""Transactions that know whose they are, and the router that sends each context to its own database or a copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction

from seam import replicas
from seam.registry import registry

# The context whose transaction is open here. Never judged by connection.in_atomic_block, which Django's
# TestCase always answers with yes.
_open: ContextVar[str | None] = ContextVar("open_transaction", default=None)


class TransactionMisuse(RuntimeError):
    """Something was done in, or needs, a transaction that is not of its context."""


def open_transaction() -> str | None:
    """The name of the context whose transaction is open in this thread or task."""
    return _open.get()


@contextmanager
def atomic(context: str, *, savepoint: bool = True) -> Iterator[None]:
    """A transaction on the database of `context`; nests within itself, as a savepoint unless told otherwise.

    Raises TransactionMisuse inside the transaction of another context: no transaction spans two databases.
    """
    already = _open.get()
    if already not in (None, context):
        raise TransactionMisuse(
            f"A transaction of {already!r} is open; finish it before {context!r} begins one of its own."
        )
    replicas.note_write()
    with remember(context), transaction.atomic(registry[context].alias, savepoint):
        yield


@contextmanager
def remember(context: str | None) -> Iterator[None]:
    """Note whose transaction is open while the block runs."""
    token = _open.set(context)
    try:
        yield
    finally:
        _open.reset(token)


class Router:
    """Each app label lives in one context's database; Django's own apps live with auth, in `default`.

    What has replicas may be read from one (replicas.py), but for events and jobs: they are claimed where they are true.
    """

    def db_for_read(self, model: Any, **hints: Any) -> str:
        served = registry.served_of_label(model._meta.app_label)
        if served is None:
            return registry.default_alias
        return served.alias if model in (served.outbox, served.job_table) else replicas.place(served)

    def db_for_write(self, model: Any, **hints: Any) -> str:
        replicas.note_write()
        return self._alias(model._meta.app_label)

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        return self._alias(obj1._meta.app_label) == self._alias(obj2._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == self._alias(app_label)

    def _alias(self, app_label: str) -> str:
        return registry.alias_of_label(app_label)
