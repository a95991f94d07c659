"""How MariaDB runs what pages ask: by an index, never by reading a whole table that grows with the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections

from apps.catalog import held, service
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Item
from seam import atomic

pytestmark = [
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.skipif(
        "mysql" not in settings.DATABASES["catalog"]["ENGINE"],
        reason="asks MariaDB's planner: needs DATABASE_URL=mysql://… (python -m tests.servers gives one)",
    ),
]

# Attributes are a handful, however many items there are.
MAY_BE_READ_WHOLE = {"catalog_attribute"}
ITEMS = 3000
ADDRESSES = [
    "/",
    "/browse",
    "/browse?order=title",
    "/browse?order=price",
    "/browse?filter=artist:artist-3",
    "/browse?filter=artist:artist-3&filter=.in:part-1",
    "/categories/",
    "/categories/part-1",
    "/categories/part-3/room-11?order=title",
    "/browse/artist",
    "/browse/artist/artist-3",
    "/items/thing-7",
    "/menu",
    "/search?q=thing",
    "/search?q=rare7",
    "/search?q=thing+grey+paper",
    "/search?q=thing&filter=artist:artist-3",
    "/search/suggest?q=art",
    "/search/suggest?q=thing+7",
]


@pytest.fixture
def large(category) -> None:
    """Many items, so that the planner finds an index worth its while; with statistics that say so."""
    rooms = [category(f"Part {number % 4}", f"Room {number}") for number in range(20)]
    drafts = [
        Draft(
            title=f"Thing {number}",
            description=f"On grey paper, rare{number}",
            price=Decimal(number),
            currency="EUR",
            categories=[rooms[number % 20].pk],
            facts=[
                Fact(name="Artist", value=f"Artist {number % 50}"),
                Fact(name="Year", value=Decimal(number)),
            ],
        )
        for number in range(ITEMS)
    ]
    for begin in range(0, ITEMS, 1000):
        some = drafts[begin : begin + 1000]
        with atomic("catalog"):
            service.create_items([Item(is_published=True) for _draft in some], some)
    with connections["catalog"].cursor() as cursor:
        cursor.execute("SHOW TABLES LIKE 'catalog\\_%'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE TABLE `{table}` PERSISTENT FOR ALL")
            cursor.fetchall()


def tables(plan: object) -> Iterator[dict]:
    """Each table in a plan of EXPLAIN FORMAT=JSON, however deep."""
    if isinstance(plan, dict):
        if "table_name" in plan:
            yield plan
        for part in plan.values():
            yield from tables(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from tables(part)


def read_whole(sql: str) -> list[str]:
    """The tables of ours that the statement reads from one end to the other."""
    with connections["catalog"].cursor() as cursor:
        cursor.execute(f"EXPLAIN FORMAT=JSON {sql}")
        [(plan,)] = cursor.fetchall()
    names = real_names(sql)
    whole = [names.get(table["table_name"], "") for table in tables(json.loads(plan)) if is_whole(table)]
    return [name for name in whole if name.startswith("catalog_") and name not in MAY_BE_READ_WHOLE]


def is_whole(table: dict) -> bool:
    """Reads all rows, or all of an index without an end in sight (a LIMIT lowers `rows`)."""
    return table.get("access_type") == "ALL" or (
        table.get("access_type") == "index" and table.get("rows", 0) > ITEMS / 4
    )


def real_names(sql: str) -> dict[str, str]:
    """Alias -> table, of a statement Django wrote."""
    words = sql.replace("`", "").replace("(", " ").replace(")", " ").split()
    found = {word: word for word in words if word.startswith("catalog_") and "." not in word}
    pairs = pairwise(words)
    return found | {
        after: word for word, after in pairs if word in found and after[:1] in "UVW" and after[1:].isdigit()
    }


def test_no_page_reads_a_whole_table_and_one_that_is_read_would_be_noticed(client, large, queries):
    found = {}
    for address in ADDRESSES:
        cache.clear()
        held.forget()
        with queries() as asked:
            assert client.get(address).status_code == 200
        statements = [one["sql"] for one in asked if one["sql"].lstrip("( ").upper().startswith("SELECT")]
        assert statements
        found |= {f"{address}: {sql[:1500]}": whole for sql in statements if (whole := read_whole(sql))}
    assert found == {}

    assert read_whole("SELECT id FROM catalog_item WHERE description LIKE '%grey%'") == ["catalog_item"]
    assert read_whole("SELECT U0.id FROM catalog_item U0 WHERE U0.description = 'x'") == ["catalog_item"]
    assert read_whole("SELECT id FROM catalog_item WHERE slug = 'thing-7'") == []
