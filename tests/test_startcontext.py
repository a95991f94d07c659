"""manage.py startcontext: what it makes holds all the rules of the house at once, and runs apart at once."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from monolith.management.commands import startcontext
from tests.deploy.page import BLOCK, Shell, here
from tests.servers import ROOT, free_port, temporary_folder

PAGE = (ROOT / "docs" / "adding-a-context.md").read_text()
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
WORDS = {"name": "orders", "Name": "Orders", "NAME": "ORDERS"}
PATIENCE = 60


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "3 to 19 small letters and digits"),
        ("Orders", "3 to 19 small letters and digits"),
        ("my-orders", "3 to 19 small letters and digits"),
        ("my_orders", "3 to 19 small letters and digits"),
        ("2orders", "3 to 19 small letters and digits"),
        ("../orders", "3 to 19 small letters and digits"),
        ("órdenes", "3 to 19 small letters and digits"),
        ("orders\n", "3 to 19 small letters and digits"),
        ("ab", "3 to 19 small letters and digits"),
        ("o" * 20, "3 to 19 small letters and digits"),
        ("types", "a word of Python itself"),
        ("import", "a word of Python itself"),
        ("accounts", "is taken"),
        ("default", "is taken"),
        ("search", "is taken"),
        ("functions", "is taken"),
        ("messages", "is taken"),
        ("port", "PORT is a variable"),
        ("python", "PYTHON is a variable"),
        ("architecture", "is there already, and is no context"),
    ],
)
def test_a_name_that_would_not_do_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    assert sentence in next(startcontext.troubles(name, ROOT), "")


def test_nothing_is_made_under_such_a_name() -> None:
    with pytest.raises(CommandError, match="'types' is a word of Python itself"):
        call_command("startcontext", "types")
    assert not (ROOT / "apps" / "types").exists()


@pytest.mark.parametrize("name", ["orders", "tea", "o" * 19, "shop2"])
def test_a_name_that_will_do_is_not(name: str) -> None:
    assert list(startcontext.troubles(name, ROOT)) == []


def test_one_that_is_there_is_left_alone() -> None:
    out = StringIO()
    call_command("startcontext", "catalog", stdout=out)
    assert out.getvalue() == "catalog is a context already; nothing was changed.\n"


@pytest.fixture
def registers(tmp_path: Path) -> Path:
    """A folder with the files in which a context is registered."""
    for file in {file for file, _pattern, _line in startcontext.REGISTRATIONS}:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


@pytest.mark.parametrize("file", sorted({file for file, _pattern, _line in startcontext.REGISTRATIONS}))
@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_file_that_is_not_as_expected_is_named_with_the_lines_to_add(
    registers: Path, file: str, what: str
) -> None:
    if what == "gone":
        (registers / file).unlink()
    else:
        (registers / file).write_text("# Nothing of what was here.\n")
    with pytest.raises(CommandError, match="so nothing was changed") as error:
        startcontext.registered(registers, WORDS)
    assert str(error.value).startswith(file)
    assert "orders" in str(error.value).lower().partition("\n")[2]


def test_what_can_not_be_written_is_named_and_nothing_is_registered(registers: Path, settings: Any) -> None:
    settings.BASE_DIR = registers
    before = {path: path.read_text() for path in registers.rglob("*.py")}
    (registers / "apps").write_text("A file where a folder should be.")
    with pytest.raises(CommandError, match=r"apps/orders can't be written .*, then run this again"):
        call_command("startcontext", "orders")
    assert {path: path.read_text() for path in registers.rglob("*.py")} == before


def test_each_registration_adds_its_lines_and_nothing_else(registers: Path) -> None:
    for path, text in startcontext.registered(registers, WORDS).items():
        before = path.read_text().splitlines()
        added = [line for line in text.splitlines() if line not in before]
        assert added
        assert all("orders" in line.lower() for line in added)
        assert [line for line in text.splitlines() if line not in added] == before


@pytest.fixture
def copy() -> Iterator[Path]:
    """The files of the repository in another place, without what is not committed or is ignored."""
    with temporary_folder("copy") as folder:
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
            "\0"
        )
        for file in filter(None, files):
            if (ROOT / file).is_file():
                (folder / "house" / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, folder / "house" / file)
        yield folder / "house"


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout: there is no list of its files")
def test_the_guide_makes_a_context_that_holds_every_rule_and_runs_apart(copy: Path) -> None:
    make, others, check, *apart = BLOCK.findall(PAGE)
    assert PAGE.count("```") == 2 * (len(BLOCK.findall(PAGE)) + len(SNIPPET.findall(PAGE)))
    names = {str(port): str(free_port()) for port in (8001, 8002, 50051, 50052)}
    names["/srv/shop"] = str(copy.parent)
    shell = Shell(copy.parent, environment(copy.parent), copy)
    try:
        assert "apps/orders/ and tests/orders/ are made" in shell.run(make)
        assert shell.run(make) == "orders is a context already; nothing was changed.\n"
        shell.run(others)
        said = shell.run(check)
        assert re.search(r"\d+ passed", said)
        assert "failed" not in said
        (handler,) = SNIPPET.findall(PAGE)
        with (copy / "apps" / "catalog" / "handlers.py").open("a") as file:
            file.write(f"\n{handler}")
        started, asked, waiting = (shell.run(here(block, names)) for block in apart)
        assert '"databases": {"orders": "ok"}' in started
        assert asked.splitlines()[-2:] == ["Tea", "EntryNotFound There is no such entry."]
        assert "parked " not in waiting
        heard = "SELECT COUNT(*) FROM catalog_job WHERE name = 'catalog.on_entry_added' AND status = 'done'"
        told = "SELECT COUNT(*) FROM orders_outboxevent WHERE status = 'done'"
        eventually(lambda: number(copy, "catalog", heard) == number(copy, "orders", told) == 1, shell)
    finally:
        shell.close()


def environment(folder: Path) -> dict[str, str]:
    unset = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "RPC_KEY", "PYTHONPATH"}
    return {name: value for name, value in os.environ.items() if name not in unset} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(free_port()),
        "ENV_FILE": os.devnull,
        "DEMO_DATA": "false",
        "WEB_WORKERS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def number(copy: Path, context: str, query: str) -> int:
    with closing(sqlite3.connect(copy.parent / "data" / f"{context}.sqlite3", timeout=30)) as connection:
        return int(connection.execute(query).fetchone()[0])


def eventually(condition: Callable[[], bool], shell: Shell) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"The event was not heard.\n{shell.logs()}"
        time.sleep(0.1)
