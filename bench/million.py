"""A million items without importing them: the items of one site's catalogue several times over in another's.

What pages of lists and searches read is copied, inside the database; the copies are different items with words,
categories and values of the originals. Nothing can be edited there.
"""

from __future__ import annotations

from tests.servers import MariaDB

KEEP = ("attribute", "category", "attributevalue", "listingword")
# How each column that can't stay as it is follows from the original `o`, and from `twin`, its new key.
NEW_KEYS = {
    "item": {
        "id": "twin.new",
        "slug": "twin.hex",
        "title_key": "CONCAT(LEFT(o.title_key, CHAR_LENGTH(o.title_key) - 8), LEFT(twin.hex, 8))",
    },
    "listingentry": {
        "item_id": "twin.new",
        "published_at": "o.published_at + INTERVAL twin.n MICROSECOND",
        **{
            key: f"CONCAT(LEFT(o.{key}, CHAR_LENGTH(o.{key}) - 8), LEFT(twin.hex, 8))"
            for key in ("title_en", "title_es", "price")
        },
    },
    "searchdocument": {"id": "CONV(LEFT(twin.hex, 16), 16, 10) DIV 2", "item_id": "twin.new"},
}
RANDOM = "INSERT(INSERT(MD5(CONCAT(id, seq)), 13, 1, '4'), 17, 1, '8')"  # a UUID of version 4
ORIGINAL = {"item": "id", "listingentry": "item_id", "searchdocument": "item_id"}


def multiply(server: MariaDB, source: str, target: str, times: int) -> None:
    """Fill the empty catalogue `target`, a database, with that of `source`, each item `times` times."""
    server.sql(
        f"CREATE TABLE {target}.twin (old UUID, n INT, hex CHAR(32), new UUID, PRIMARY KEY (old, n));"
        f"INSERT INTO {target}.twin SELECT id, seq, {RANDOM}, {RANDOM} "
        f"FROM {source}.catalog_item, {source}.seq_1_to_{times}"
    )
    # Without their indexes tables are written from front to back; made afterwards, an index is sorted once.
    for name, keys in NEW_KEYS.items():
        table, indexes = f"{target}.catalog_{name}", _indexes(server, f"{target}.catalog_{name}")
        values = ", ".join(keys.get(column, f"o.{column}") for column in _columns(server, table))
        order = ", ".join(keys.get(column, f"o.{column}") for column in _primary(server, table))
        server.sql(
            f"SET foreign_key_checks = 0; CREATE TABLE {table}_ LIKE {table}; DROP TABLE {table};"
            f"RENAME TABLE {table}_ TO {table};"
            + "".join(f"ALTER TABLE {table} DROP INDEX {index};" for index in indexes)
            + f"INSERT INTO {table} SELECT {values} FROM {source}.catalog_{name} o "
            f"JOIN {target}.twin ON twin.old = o.{ORIGINAL[name]} ORDER BY {order};"
            + "".join(f"ALTER TABLE {table} ADD {kind};" for kind in indexes.values())
        )
    server.sql(
        f"SET foreign_key_checks = 0; DELETE FROM {target}.catalog_listing;"
        f"INSERT INTO {target}.catalog_listing SELECT id, items * {times}, version FROM {source}.catalog_listing;"
        f"INSERT INTO {target}.catalog_searchword SELECT word, documents * {times} FROM {source}.catalog_searchword;"
        + "".join(
            f"INSERT INTO {target}.catalog_{name} SELECT * FROM {source}.catalog_{name};" for name in KEEP
        )
        + f"DROP TABLE {target}.twin"
    )


def _columns(server: MariaDB, table: str) -> list[str]:
    return [line.split("\t")[0] for line in server.sql(f"SHOW COLUMNS FROM {table}").splitlines()]


def _primary(server: MariaDB, table: str) -> list[str]:
    return _parts(server, table)["PRIMARY"][1]


def _indexes(server: MariaDB, table: str) -> dict[str, str]:
    """Of each but the primary key, what makes it again."""
    found = {}
    for name, (kind, columns) in _parts(server, table).items():
        if name != "PRIMARY":
            found[name] = f"{kind} {name} ({', '.join(columns)})"
    return found


def _parts(server: MariaDB, table: str) -> dict[str, tuple[str, list[str]]]:
    """Kind and columns of every index."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in server.sql(f"SHOW INDEX FROM {table}").splitlines():
        _table, common, name, _place, column, *rest = line.split("\t")
        kind = "FULLTEXT INDEX" if "FULLTEXT" in rest else "INDEX" if common == "1" else "UNIQUE INDEX"
        found.setdefault(name, (kind, []))[1].append(column)
    return found
