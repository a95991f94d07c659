"""Running the command the way a person does, on files made for the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

MAPPING = """
name = "shop"
[item]
key = "sku"
title = "name"
description = "text"
[item.translations.es]
title = "nombre"
[[categories]]
source = "shelf"
split = ";"
levels = ">"
[categories.labels.es]
Home = "Hogar"
[[attributes]]
name = "Colour"
source = "colour"
split = "/"
labels = { es = "Color" }
[[attributes]]
name = "Weight"
source = "weight"
type = "number"
pages = false
filter = false
[price]
source = "price"
currency = "EUR"
"""


def thing(number: int, **changes: object) -> dict:
    return {
        "sku": f"S{number}",
        "name": f"Print {number}",
        "nombre": f"Lámina {number}",
        "text": "Drawn by a plotter.",
        "shelf": "Home > Prints; Gifts",
        "colour": "Blue/Red",
        "weight": "1.5",
        "price": "12.50",
        **changes,
    }


@dataclass
class Result:
    output: str
    code: int = 0
    rejects: list[dict] = field(default_factory=list)


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """run(rows, mapping=…, **options): the command on a JSON-lines file of `rows` (or of the bytes given)."""

    def run(rows: list[dict] | bytes | str, mapping: str = MAPPING, **options: object) -> Result:
        (tmp_path / "shop.toml").write_text(mapping)
        where = rows
        if not isinstance(rows, str):
            data = rows if isinstance(rows, bytes) else "".join(json.dumps(r) + "\n" for r in rows).encode()
            (tmp_path / "shop.jsonl").write_bytes(data)
            where = str(tmp_path / "shop.jsonl")
        rejects = tmp_path / "rejects.jsonl"
        result = Result("")
        try:
            call_command("import_catalog", where, mapping=tmp_path / "shop.toml", rejects=rejects, **options)
        except CommandError as error:
            result.code, result.output = error.returncode, str(error)
        except SystemExit as end:
            result.code = int(end.code or 0)
        result.output = capsys.readouterr().out + result.output
        if rejects.exists():
            result.rejects = [json.loads(line) for line in rejects.read_text().splitlines()]
        return result

    return run
