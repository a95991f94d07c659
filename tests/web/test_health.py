"""/livez says that the process is up, /readyz that it can serve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from monolith.topology import SHAPE
from monolith.web import health

ALIASES = {alias for _name, _label, alias in SHAPE}


@pytest.fixture(autouse=True)
def nothing_seen_before() -> Iterator[None]:
    health._migrated.cache_clear()
    yield
    health._migrated.cache_clear()


def test_livez_asks_no_database() -> None:
    answer = Client().get("/livez", HTTP_HOST="10.0.0.7:8000")  # a probe knows our address, not our name
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(databases=ALIASES)
def test_readyz_looks_at_each_database() -> None:
    answer = Client().get("/readyz", HTTP_HOST="10.0.0.7:8000")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "databases": dict.fromkeys(ALIASES, "ok"),
        "cache": "ok",
    }
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db(databases=ALIASES)
def test_a_database_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any) -> None:
        raise OperationalError("2003, can't connect to mysql://user:password@host")

    monkeypatch.setattr(connections["media"], "cursor", gone)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["databases"] == dict.fromkeys(ALIASES, "ok") | {"media": "unreachable"}
    assert "password" not in answer.content.decode()


@pytest.mark.django_db(databases=ALIASES)
def test_a_missing_migration_is_named_until_it_is_applied() -> None:
    last = MigrationLoader(connections["catalog"]).graph.leaf_nodes("catalog")[0]
    recorder = MigrationRecorder(connections["catalog"])
    recorder.record_unapplied(*last)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["databases"]["catalog"] == f"not migrated: {'.'.join(last)}; run manage.py migrate"
    recorder.record_applied(*last)
    assert Client().get("/readyz").status_code == 200


@pytest.mark.django_db(databases=ALIASES)
def test_the_cache_is_reported_and_not_required(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(cache, "set", gone)
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["cache"] == "unreachable"
