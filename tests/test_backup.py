"""docs/backup.md does what it says: its commands are run as they stand, while somebody writes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.page import BLOCK
from tests.servers import CONTEXTS, ROOT, empty_databases

pytestmark = pytest.mark.slow
BACKUP, RESTORE = BLOCK.findall((ROOT / "docs" / "backup.md").read_text())
SAY = "CREATE TABLE IF NOT EXISTS said (word TEXT)"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """DATA_DIR of a site with a picture."""
    shutil.copytree(empty_databases(), tmp_path / "data")
    (tmp_path / "data" / "secret_key").write_text("secret")
    (tmp_path / "data" / "media").mkdir(exist_ok=True)
    (tmp_path / "data" / "media" / "picture").write_text("blue")
    return tmp_path / "data"


def run(folder: Path, *blocks: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {"PATH": path, "DATA_DIR": "data", "BACKUP": "kept"}
    return subprocess.run(
        ["sh", "-c", "\n".join(blocks)], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


def say(database: sqlite3.Connection, word: str) -> None:
    database.execute("INSERT INTO said VALUES (?)", [word])
    database.commit()


def test_what_was_written_until_the_backup_comes_back_and_what_came_later_does_not(data: Path) -> None:
    open_ones = [sqlite3.connect(data / f"{name}.sqlite3") for name in CONTEXTS]
    for database in open_ones:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(SAY)
        say(database, "before")
    assert run(data.parent, BACKUP).stderr == ""
    for database in open_ones:
        say(database, "after")
        database.close()
    (data / "media" / "picture").write_text("red")

    assert run(data.parent, BACKUP.partition("\n")[0], RESTORE).stderr == ""
    for name in CONTEXTS:
        with sqlite3.connect(data / f"{name}.sqlite3") as database:
            assert database.execute("SELECT word FROM said").fetchall() == [("before",)]
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert (data / "media" / "picture").read_text() == "blue"
    assert (data / "secret_key").read_text() == "secret"


def test_a_backup_is_for_its_owner_only_and_overwrites_none(data: Path) -> None:
    assert run(data.parent, BACKUP).stderr == ""
    kept = data.parent / "kept"
    assert [path.name for path in (kept, *kept.glob("*.sqlite3")) if path.stat().st_mode & 0o077] == []
    first = (kept / "auth.sqlite3").read_bytes()
    assert "already exists" in run(data.parent, BACKUP).stderr
    assert (kept / "auth.sqlite3").read_bytes() == first
