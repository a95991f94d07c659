"""The arrows of the house: each rule that lint-imports keeps is broken in a copy, and seen."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import CONTEXTS, ROOT

PACKAGES = ("apps", "functions", "monolith", "seam")
LAYERS = "monolith -> apps -> (seam | functions)"
CONTRACTS_ONLY = "a context imports of others only their contracts, and auth's client"
PLANTED = [
    (LAYERS, "seam/rows.py", "apps.media.contract"),
    (LAYERS, "seam/loop.py", "monolith.topology"),
    (LAYERS, "seam/functions.py", "functions.runtime.signing"),
    (LAYERS, "apps/catalog/models.py", "monolith.topology"),
    (CONTRACTS_ONLY, "apps/auth/models.py", "apps.catalog.models"),
    (
        CONTRACTS_ONLY,
        "apps/media/models.py",
        "apps.catalog.service",
    ),
    (
        CONTRACTS_ONLY,
        "apps/catalog/service.py",
        "apps.media.models",
    ),
    (
        CONTRACTS_ONLY,
        "apps/catalog/handlers.py",
        "apps.auth.models",
    ),
    (
        "a contract imports neither Django nor its context's inside",
        "apps/media/contract.py",
        "django.db.models",
    ),
    (
        "a contract imports neither Django nor its context's inside",
        "apps/auth/contract.py",
        "apps.auth.models",
    ),
    ("auth's client imports nothing of how auth keeps its people", "apps/auth/bearer.py", "apps.auth.models"),
    (
        "functions import neither Django nor anything else of this repository",
        "functions/media_renditions/handler.py",
        "django.conf",
    ),
    (
        "functions import neither Django nor anything else of this repository",
        "functions/media_renditions/handler.py",
        "seam.rows",
    ),
    (
        "of functions/ a function imports only the runtime, and the runtime no function",
        "functions/runtime/storage.py",
        "functions.media_renditions.handler",
    ),
    (
        "of functions/ a function imports only the runtime, and the runtime no function",
        "functions/auth_send_mail/handler.py",
        "functions.media_renditions.render",
    ),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What lint-imports says of a copy of the house in which every rule was broken at once."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=only_python)
    for _rule, path, imported in PLANTED:
        (copy / path).write_text(f"{(copy / path).read_text()}\nimport {imported}\n")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def only_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


@pytest.mark.parametrize(("rule", "path", "imported"), PLANTED)
def test_a_planted_import_breaks_its_rule(broken: str, rule: str, path: str, imported: str) -> None:
    assert f"{rule} BROKEN" in broken
    module = path.removesuffix(".py").replace("/", ".")
    # An outside package is one thing to it, whichever part of it is imported.
    target = imported.split(".")[0] if imported.startswith("django") else imported
    assert re.search(rf"{re.escape(module)} -> {re.escape(target)}\b", broken)


def test_every_rule_has_its_planted_violation(broken: str) -> None:
    rules = set(re.findall(r"^(.+) (?:KEPT|BROKEN)", broken, re.MULTILINE))
    assert rules == {rule for rule, _path, _imported in PLANTED}


# What import-linter does not look at: Django's own way around the seam.


def transactions_around_the_seam(source: str) -> list[int]:
    """The lines that open or hook into a transaction without naming a context."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.ImportFrom) and imports_transaction(node))
        or (isinstance(node, ast.Import) and any(name.name == "django.db.transaction" for name in node.names))
    ]


def imports_transaction(node: ast.ImportFrom) -> bool:
    names = {name.name for name in node.names}
    return node.module == "django.db.transaction" or (node.module == "django.db" and "transaction" in names)


def sources_of_contexts() -> Iterator[Path]:
    return (path for path in (ROOT / "apps").rglob("*.py") if "migrations" not in path.parts)


def test_contexts_open_transactions_through_the_seam_only() -> None:
    found = {
        str(p.relative_to(ROOT)): transactions_around_the_seam(p.read_text()) for p in sources_of_contexts()
    }
    assert len(found) > 20
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "from django.db import models, transaction",
        "from django.db.transaction import atomic",
        "import django.db.transaction",
        "def f():\n    from django.db import transaction as t",
    ],
)
def test_a_transaction_around_the_seam_is_seen(planted: str) -> None:
    assert len(transactions_around_the_seam(planted)) == 1


# What is public says so at its head.


def is_marked_public(source: str) -> bool:
    return (ast.get_docstring(ast.parse(source)) or "").startswith("PUBLIC: ")


@pytest.mark.parametrize(
    "path",
    [
        "seam/__init__.py",
        "apps/auth/client.py",
        *(f"apps/{c}/contract.py" for c in CONTEXTS),
    ],
)
def test_what_others_may_import_says_public(path: str) -> None:
    assert is_marked_public((ROOT / path).read_text())


def test_a_file_that_does_not_is_seen() -> None:
    assert not is_marked_public('"""What auth promises."""')
    assert not is_marked_public("import os")
