"""Looks at every SQL statement of the test run: whose tables, which database, in whose transaction."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.db.backends.signals import connection_created

from seam.db import open_transaction
from seam.registry import registry
from tests.servers import ROOT

LITERAL = re.compile(r"'(?:[^']|'')*'")
WORD = re.compile(r"\w+")
# Tables without a model, such as an index for full-text search, stand after one of these.
NAMED = re.compile(
    r"\b(?:from|join|into|update|table)\s+(?:if\s+(?:not\s+)?exists\s+)?[\"`]?(\w+)", re.IGNORECASE
)
WRITE = re.compile(r"\s*(?:insert|update|delete|replace)\b", re.IGNORECASE)
# Between a view and the middleware around it: what a library's view does, our middleware has not done.
HANDLER = "/django/core/handlers/"
OURS = str(ROOT / "apps") + "/"
TESTS = str(ROOT / "tests") + "/"

violations: list[str] = []


@cache
def tables() -> dict[str, str]:
    """Which database alias each table belongs in."""
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: registry.alias_of_label(model._meta.app_label) for model in models}


@lru_cache(maxsize=8192)
def aliases_of(sql: str) -> frozenset[str]:
    """The databases whose tables a statement names."""
    sql = LITERAL.sub("''", sql)
    known = {alias for word in WORD.findall(sql) if (alias := tables().get(word))}
    prefixes = {f"{served.label}_": served.alias for served in registry}
    named = {a for table in NAMED.findall(sql) for prefix, a in prefixes.items() if table.startswith(prefix)}
    return frozenset(known | named)


def complaints(alias: str, sql: str) -> Iterator[str]:
    """What is wrong with running this statement on that database, here and now."""
    touched = aliases_of(sql)
    if len(touched) > 1:
        yield f"one statement touches the tables of {', '.join(sorted(touched))}"
    elif touched and touched != {alias.partition(".")[0]}:  # a replica is its primary's
        yield f"a table of {', '.join(touched)} is looked for in the database {alias}"
    context = open_transaction()
    if context is not None and context in registry and registry[context].alias != alias:
        yield f"a transaction of {context} touches the database {alias}"
    # In auth's database allauth and Django's admin write too, and ask nobody: what holds there is decided elsewhere.
    ours = touched - {registry.default_alias}
    if context is None and ours and WRITE.match(sql) and (place := written_by_a_context()):
        yield f"written outside seam.atomic, at {place}"


def written_by_a_context() -> str:
    """The line of a context's own code that a statement comes from; "" when it is a test's or a library's."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if HANDLER in path or (path.startswith(TESTS) and Path(path) != Path(__file__)):
            return ""
        if path.startswith(OURS):
            return "" if "/migrations/" in path else f"{path.removeprefix(OURS)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    alias = context["connection"].alias
    violations.extend(f"{complaint}: {sql[:300]}" for complaint in complaints(alias, sql))
    return execute(sql, params, many, context)


def install(connection: Any, **_: Any) -> None:
    if watch not in connection.execute_wrappers:
        connection.execute_wrappers.append(watch)


connection_created.connect(install, dispatch_uid="tests.architecture.watch")


@pytest.fixture(autouse=True)
def every_statement_is_watched() -> Iterator[None]:
    """A test during which a statement broke a rule of the house fails, whatever else it found."""
    for connection in connections.all(initialized_only=True):
        install(connection)
    violations.clear()
    yield
    found = sorted(set(violations))
    violations.clear()
    assert not found, "\n".join(found)
