"""<CONTEXT>_REPLICA_URLS becomes aliases of the databases, and a mistake in it a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from monolith import topology
from monolith.topology import Context

PRIMARY = "mysql://shop:secret@db:3306/shop"
COPY = "mysql://shop:p%2Cw@copy:3307/shop_catalog"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def read(*, timeout: int = 10, **environment: str) -> dict[str, Context]:
        monkeypatch.setattr(Env, "ENVIRON", environment)
        return {context.name: context for context in topology.read(Env(), tmp_path, timeout=timeout)}

    return read


def test_each_url_is_an_alias_of_its_context(read) -> None:
    replicas = read(
        DATABASE_URL=PRIMARY, CATALOG_REPLICA_URLS=f" {COPY} , mysql://shop@other/shop_catalog,,"
    )["catalog"].replicas
    assert list(replicas) == ["catalog.replica1", "catalog.replica2"]
    first = replicas["catalog.replica1"]
    assert (first["NAME"], first["HOST"], first["PORT"], first["PASSWORD"]) == (
        "shop_catalog",
        "copy",
        3307,
        "p,w",
    )
    assert first["TEST"]["MIRROR"] == "catalog"


def test_nothing_set_is_no_replica(read) -> None:
    assert all(
        context.replicas == {} for context in read(DATABASE_URL=PRIMARY, CATALOG_REPLICA_URLS=" , ").values()
    )


def test_statements_end_in_time_and_on_a_replica_sooner(read) -> None:
    catalog = read(DATABASE_URL=PRIMARY, CATALOG_REPLICA_URLS=COPY, timeout=10)["catalog"]
    assert catalog.database["OPTIONS"]["read_timeout"] == catalog.database["OPTIONS"]["write_timeout"] == 10
    assert catalog.replicas["catalog.replica1"]["OPTIONS"]["read_timeout"] == topology.REPLICA_TIMEOUT
    hasty = read(DATABASE_URL=PRIMARY, CATALOG_REPLICA_URLS=COPY, timeout=1)["catalog"]
    assert hasty.replicas["catalog.replica1"]["OPTIONS"]["read_timeout"] == 1


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"DATABASE_URL": PRIMARY, "AUTH_REPLICA_URLS": COPY},
            "AUTH_REPLICA_URLS can't be used: what auth knows",
        ),
        ({"CATALOG_REPLICA_URLS": COPY}, "the database of catalog is a SQLite file, which has no replicas"),
        (
            {"DATABASE_URL": PRIMARY, "CATALOG_REPLICA_URLS": "sqlite:////x"},
            "CATALOG_REPLICA_URLS begins with 'sqlite://'; it must be mysql://user:password@host:3306/name.",
        ),
        (
            {"DATABASE_URL": PRIMARY, "MEDIA_REPLICA_URLS": f"{COPY},here"},
            "MEDIA_REPLICA_URLS begins with 'no scheme'",
        ),
        (
            {"DATABASE_URL": PRIMARY, "MEDIA_REPLICA_URLS": "mysql://shop@copy"},
            "names no database: end it with /name",
        ),
        (
            {"DATABASE_URL": PRIMARY, "MEDIA_REPLICA_URLS": "mysql://a@b:port/x"},
            "MEDIA_REPLICA_URLS can't be read",
        ),
        ({"DATABASE_URL": "mysql://a@b:99999/x"}, "DATABASE_URL can't be read"),
    ],
)
def test_a_mistake_gets_a_sentence(read, environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(**environment)
    assert sentence in str(refused.value)


def test_of_a_context_that_is_elsewhere_nobody_here_knows_the_replicas(read) -> None:
    catalog = read(CATALOG="grpc://catalog:50051", CATALOG_REPLICA_URLS=COPY)["catalog"]
    assert catalog.replicas == {}
