"""A real process, killed with SIGKILL again and again: whole batches only, and running it again completes."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.catalog.importing.conftest import MAPPING, thing
from tests.servers import ROOT, MariaDB

RECORDS = 2_000
BATCH = 100


@dataclass
class Site:
    """A site's data of its own. `ask` gives the first column of the first row."""

    env: dict[str, str]
    folder: Path
    ask: Callable[[str], int]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", *arguments]
        with (self.folder / "output").open("wb") as output:
            return subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=output, stderr=output)

    def output(self) -> str:
        """What the process started last has printed."""
        return (self.folder / "output").read_text()

    def begin_import(self) -> subprocess.Popen[bytes]:
        mapping = str(self.folder / "shop.toml")
        return self.start(
            "import_catalog", str(self.folder / "shop.jsonl"), "--mapping", mapping, f"--batch-size={BATCH}"
        )

    def wait_for_more_than(self, records: int, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 120
        while self.written() <= records and process.poll() is None:
            assert time.monotonic() < until, "nothing was imported"
            time.sleep(0.02)

    def written(self) -> int:
        return self.ask("SELECT COUNT(*) FROM catalog_importedrecord")


@pytest.fixture(params=["sqlite", "mariadb"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    }
    env |= {"DATA_DIR": str(tmp_path / "data"), "ENV_FILE": os.devnull}

    def ask_sqlite(question: str) -> int:
        connection = sqlite3.connect(tmp_path / "data/catalog.sqlite3", timeout=30)
        try:
            return connection.execute(question).fetchone()[0]
        finally:
            connection.close()

    ask: Callable[[str], int] = ask_sqlite
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        name = f"killed_{uuid4().hex}"
        server.create_databases(name)
        env["DATABASE_URL"] = server.url(name)

        def ask_mariadb(question: str) -> int:
            return int(float(server.sql(f"USE {name}_catalog; {question}")))

        ask = ask_mariadb
    found = Site(env, tmp_path, ask)
    assert found.start("migrate", "--database", "catalog").wait(300) == 0, found.output()
    (tmp_path / "shop.toml").write_text(MAPPING)
    rows = [thing(number, shelf=f"Home > Shelf {number % 40}; Gifts") for number in range(RECORDS)]
    (tmp_path / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return found


def whole(site: Site) -> int:
    """How many items there are; all that is kept of them must agree."""
    items = site.written()
    assert items % BATCH == 0
    for question in (
        "SELECT COUNT(*) FROM catalog_item",
        "SELECT COUNT(*) FROM catalog_item WHERE is_published",
        "SELECT COUNT(*) FROM catalog_searchdocument",
        "SELECT COUNT(*) FROM catalog_outboxevent WHERE name = 'catalog.item_published.v1'",
        "SELECT COUNT(*) / 3 FROM catalog_itemattribute",
        "SELECT COUNT(*) / 2 FROM catalog_itemcategory",
        "SELECT COALESCE(SUM(items), 0) FROM catalog_listing WHERE id = 1",
        "SELECT COUNT(*) FROM catalog_listingentry WHERE listing_id = 1",
        "SELECT SUM(items) FROM catalog_category JOIN catalog_listing ON id = listing_id WHERE path = 'home'",
    ):
        assert site.ask(question) == items, question
    return items


@pytest.mark.slow
def test_it_completes_after_being_killed_again_and_again(site: Site) -> None:
    killed_at = [0]
    for delay in (0.0, 0.07, 0.2):
        process = site.begin_import()
        site.wait_for_more_than(killed_at[-1], process)
        time.sleep(delay)
        assert process.poll() is None, "it was through before it could be killed"
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
        killed_at.append(whole(site))
    assert 0 < killed_at[1] < killed_at[-1] < RECORDS
    process = site.begin_import()
    assert process.wait(300) == 0, site.output()
    done = killed_at[-1]
    assert f"{RECORDS - done} created, 0 updated, {done} unchanged" in site.output()
    assert whole(site) == RECORDS


@pytest.mark.slow
def test_ctrl_c_on_a_terminal_shows_the_bar_and_how_to_go_on(site: Site) -> None:
    terminal, other_end = pty.openpty()
    command = [sys.executable, "manage.py", "import_catalog", str(site.folder / "shop.jsonl")]
    command += ["--mapping", str(site.folder / "shop.toml"), f"--batch-size={BATCH}"]
    env = site.env | {"TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=other_end, stdout=other_end, stderr=other_end
    ) as process:
        os.close(other_end)
        site.wait_for_more_than(BATCH, process)
        process.send_signal(signal.SIGINT)
        shown = b""
        while chunk := _read(terminal):
            shown += chunk
    os.close(terminal)
    assert process.returncode == 130, shown.decode()
    assert b"records," in shown
    assert b"\xe2\x94\x81" in shown  # the bar
    assert b"Run the same command again to go on" in shown
    assert 0 < whole(site) < RECORDS


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""
