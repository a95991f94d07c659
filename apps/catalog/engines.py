"""The port to full-text search: documents with a word that begins so, by the vendor of the catalogue's database."""

from __future__ import annotations

from typing import Any, Protocol

from django.db.models import F, Lookup, Q
from django.db.models.expressions import RawSQL

from apps.catalog.wordings import marked


class Engine(Protocol):
    def matching(self, word: str) -> Q:
        """A condition on SearchDocument. `word` is folded letters and digits (text.words), so nothing in it is
        syntax to an engine. Costs what the number of matches costs: about 1 µs each."""
        ...


class Fulltext(Lookup):
    """A bare MATCH. Django compares other expressions with True, and then MySQL would not use the index."""

    lookup_name = "fulltext"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_params = self.process_lhs(compiler, connection)
        words, words_params = self.process_rhs(compiler, connection)
        return f"MATCH ({column}) AGAINST ({words} IN BOOLEAN MODE)", (*column_params, *words_params)


class MysqlFulltext:
    """InnoDB's FULLTEXT index on `words`, of MySQL and MariaDB."""

    def matching(self, word: str) -> Q:
        return Q(Fulltext(F("words"), f"+{marked(word)}*"))


class SqliteFts5:
    """The FTS5 table `catalog_search`, which triggers keep equal to the documents."""

    def matching(self, word: str) -> Q:
        sql = "SELECT rowid FROM catalog_search WHERE catalog_search MATCH %s"
        return Q(pk__in=RawSQL(sql, [f'"{marked(word)}" *']))


ENGINES: dict[str, Engine] = {"mysql": MysqlFulltext(), "sqlite": SqliteFts5()}
