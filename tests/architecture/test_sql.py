"""No statement joins two contexts and no transaction spans two databases; each rule is seen to fail."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections, transaction

from apps.catalog.models import Job as CatalogJob
from apps.media.models import Job as MediaJob
from seam import atomic
from seam.db import remember
from tests.architecture.watch import aliases_of, violations
from tests.servers import ROOT

pytestmark = pytest.mark.django_db(databases="__all__")


def seen() -> list[str]:
    """What the watch complained of, taken from it so that this test does not fail of it."""
    found = [line.partition(":")[0] for line in violations]
    violations.clear()
    return found


@pytest.mark.parametrize(
    ("sql", "touched"),
    [
        ('SELECT * FROM "catalog_job" WHERE "catalog_job"."name" = %s', {"catalog"}),
        ("SELECT * FROM `catalog_job` JOIN `media_job` ON 1", {"catalog", "media"}),
        ("SELECT * FROM catalog_job, media_job", {"catalog", "media"}),
        ("SELECT 1 FROM catalog_job WHERE EXISTS (SELECT 1 FROM accounts_user)", {"catalog", "default"}),
        ("SELECT * FROM catalog_anything_without_a_model", {"catalog"}),
        ("DROP TABLE IF EXISTS media_anything", {"media"}),
        ("SELECT * FROM django_content_type", {"default"}),
        ("SELECT 'from media_job' FROM catalog_job", {"catalog"}),
        ("SAVEPOINT s1", set()),
        ("SELECT 1", set()),
    ],
)
def test_whose_tables_a_statement_touches(sql: str, touched: set[str]) -> None:
    assert aliases_of(sql) == touched


def test_a_statement_that_touches_two_contexts_is_seen() -> None:
    joined = CatalogJob.objects.filter(pk__in=MediaJob.objects.using("catalog").values("pk"))
    with pytest.raises(DatabaseError), transaction.atomic("catalog"):
        list(joined)
    assert seen() == ["one statement touches the tables of catalog, media"]


def test_a_table_looked_for_in_the_wrong_database_is_seen() -> None:
    with pytest.raises(DatabaseError), transaction.atomic("catalog"):
        MediaJob.objects.using("catalog").exists()
    assert seen() == ["a table of media is looked for in the database catalog"]


def test_a_transaction_that_touches_two_databases_is_seen() -> None:
    with remember("catalog"):
        MediaJob.objects.exists()
    assert seen() == ["a transaction of catalog touches the database media"]


def test_ones_own_database_in_ones_own_transaction_is_not() -> None:
    with atomic("catalog"):
        CatalogJob.objects.create(name="catalog.x", key="1")
    with atomic("auth"), connections["default"].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM accounts_job")
    assert seen() == []


def test_a_context_that_writes_outside_its_transaction_is_seen() -> None:
    """The write fence of a move will stand in seam.atomic: what goes around it would be lost."""
    path = str(ROOT / "apps" / "catalog" / "planted.py")
    planted = compile(
        "def write(table, key):\n    table.objects.create(name='catalog.x', key=key)\n", path, "exec"
    )
    names: dict = {}
    exec(planted, names)
    names["write"](CatalogJob, "1")
    assert seen() == ["written outside seam.atomic, at catalog/planted.py"]
    with atomic("catalog"):
        names["write"](CatalogJob, "2")
    assert seen() == []
