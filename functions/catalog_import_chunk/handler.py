"""PUBLIC: `handle(data, storage) -> data`, maps a chunk of an import. No Django, no database, no state."""

from __future__ import annotations

from typing import Any

from functions.catalog_import_chunk.mapper import Mapper
from functions.catalog_import_chunk.records import RecordProblem
from functions.catalog_import_chunk.rules import Mapping
from functions.catalog_import_chunk.strict import build


def handle(data: dict[str, Any], storage: object) -> dict[str, Any]:
    """Map each of `data["records"]`, objects as they stood in the file, by the table `data["mapping"]`.

    The answer has `items`, one for each record in its order: what Mapper says of it, or {"problem": a sentence}; and
    `skipped`, how many values of which attribute were left out. Raises ImportProblem for a mapping that is none.
    """
    mapper = Mapper(build(Mapping, data["mapping"]))
    return {"items": [_mapped(mapper, record) for record in data["records"]], "skipped": mapper.skipped}


def _mapped(mapper: Mapper, record: dict[str, Any]) -> dict[str, Any]:
    try:
        return mapper(record)
    except RecordProblem as problem:
        return {"problem": str(problem)}
