"""The full-text index over SearchDocument.words: FULLTEXT on MySQL and MariaDB, FTS5 kept by triggers on SQLite."""

from django.db import migrations

MYSQL = [
    # Words are folded before they are stored, so bytes compare right, and many times faster than a collation.
    "ALTER TABLE catalog_searchdocument MODIFY words longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
    "ALTER TABLE catalog_searchdocument ADD FULLTEXT INDEX catalog_search_words (words)",
    "ALTER TABLE catalog_searchword MODIFY word varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
    "ALTER TABLE catalog_listingword MODIFY word varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
    # Keys of other systems may differ in their case alone.
    "ALTER TABLE catalog_importedrecord MODIFY `key` varchar(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
]
SQLITE = [
    """CREATE VIRTUAL TABLE catalog_search USING fts5(
        words, content='catalog_searchdocument', content_rowid='id', prefix='2 3 4',
        tokenize="unicode61 remove_diacritics 0")""",
    """CREATE TRIGGER catalog_search_insert AFTER INSERT ON catalog_searchdocument BEGIN
        INSERT INTO catalog_search(rowid, words) VALUES (new.id, new.words); END""",
    """CREATE TRIGGER catalog_search_delete AFTER DELETE ON catalog_searchdocument BEGIN
        INSERT INTO catalog_search(catalog_search, rowid, words) VALUES ('delete', old.id, old.words); END""",
    """CREATE TRIGGER catalog_search_update AFTER UPDATE OF words ON catalog_searchdocument BEGIN
        INSERT INTO catalog_search(catalog_search, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO catalog_search(rowid, words) VALUES (new.id, new.words); END""",
]


def forwards(apps, schema_editor):
    for statement in MYSQL if schema_editor.connection.vendor == "mysql" else SQLITE:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute("ALTER TABLE catalog_searchdocument DROP INDEX catalog_search_words")
    else:
        for trigger in ("insert", "delete", "update"):
            schema_editor.execute(f"DROP TRIGGER catalog_search_{trigger}")
        schema_editor.execute("DROP TABLE catalog_search")


class Migration(migrations.Migration):
    atomic = False  # MySQL commits at every change of a table
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
