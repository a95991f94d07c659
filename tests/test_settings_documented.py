"""Every environment variable stands in docs/settings.md, and nothing that isn't one."""

from __future__ import annotations

import ast
import os
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import environ
import pytest

from tests.servers import ROOT

SOURCES = ("apps", "functions", "monolith", "seam", "bin", "manage.py", "tests/container/image.py")
# Django's own switch, and what belongs to the machine.
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "PATH", "BASH_SOURCE"}
SCRIPT_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]+):?[-?]")


def documented() -> set[str]:
    """The names in the first column of the tables."""
    rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}


def files() -> Iterator[Path]:
    for source in SOURCES:
        path = ROOT / source
        yield from path.rglob("*.py") if path.is_dir() else [path]
    yield from (path for path in (ROOT / "bin").iterdir() if path.is_file())


def read_by_scripts() -> set[str]:
    scripts = (path.read_text() for path in (ROOT / "bin").iterdir() if path.is_file())
    return {name for script in scripts for name in SCRIPT_VARIABLE.findall(script)}


def read_directly() -> set[str]:
    """What os.environ and os.getenv are asked for, and what an `env.…("NAME")` names in an arm that wasn't run."""
    found = set()
    for path in files():
        if path.suffix == ".py" or "python" in path.read_text().partition("\n")[0]:
            found |= {name for node in ast.walk(ast.parse(path.read_text())) for name in names_in(node)}
    return found


def names_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(value=receiver), args=[ast.Constant(value=str(name)), *_]) if asks(
            receiver
        ):
            yield name
        case ast.Call(func=ast.Name(id="setting"), args=[ast.Constant(value=str(name)), *_]):  # of a function
            yield name
        case ast.Call(func=ast.Attribute(attr="getenv"), args=[ast.Constant(value=str(name)), *_]):
            yield name
        case ast.Subscript(value=receiver, slice=ast.Constant(value=str(name)), ctx=ast.Load()) if asks(
            receiver
        ):
            yield name


def asks(receiver: ast.expr) -> bool:
    return ast.unparse(receiver) in {"env", "os.environ", "environ"}


@pytest.fixture
def read_by_settings(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the settings ask for when they are read, names put together at run time included."""
    asked: set[str] = set()
    get_value = environ.Env.get_value

    def remember(self: environ.Env, var: str, *args: object, **kwargs: object) -> object:
        asked.add(str(var))
        return get_value(self, var, *args, **kwargs)

    monkeypatch.setattr(environ.Env, "get_value", remember)
    runpy.run_path(str(ROOT / "monolith" / "settings.py"))
    return asked


@pytest.mark.slow
def test_every_variable_is_documented_and_every_documented_one_is_read(read_by_settings: set[str]) -> None:
    read = {
        name for name in read_by_settings | read_directly() | read_by_scripts() if name.isupper()
    } - NOT_OURS

    assert read - documented() == set(), "read by the code and missing in docs/settings.md"
    assert documented() - read == set(), "in docs/settings.md and read by nobody"


def test_the_collector_sees_each_way_of_asking() -> None:
    ways = 'env.int("A", default=1); os.environ["B"]; os.environ.get("C"); os.getenv("D"); other.get("E"); other["F"]'
    ways += '; setting("G")'
    assert {name for node in ast.walk(ast.parse(ways)) for name in names_in(node)} == set("ABCDG")
    assert SCRIPT_VARIABLE.findall('"${GO:-}" "${HI:?no}" "$IN"') == ["GO", "HI"]


@pytest.mark.slow
def test_only_settings_and_topology_read_the_environment() -> None:
    """Besides these: what is deployed alone (functions), and the container's health check, which loads no settings."""
    allowed = {"monolith/settings.py", "monolith/topology.py", "monolith/functions.py", "bin/healthy"}
    for path in files():
        place = str(path.relative_to(ROOT))
        if path.suffix == ".py" and place not in allowed and not place.startswith(("functions/", "tests/")):
            found = {name for node in ast.walk(ast.parse(path.read_text())) for name in names_in(node)}
            assert found - NOT_OURS == set(), f"{place} reads the environment; let monolith/settings.py do it"


def test_the_example_names_settings_that_exist() -> None:
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) - documented() == set()


def test_the_example_as_it_stands_changes_nothing() -> None:
    assert not [line for line in (ROOT / ".env.example").read_text().splitlines() if line and line[0] != "#"]
    assert os.environ["ENV_FILE"] == os.devnull
