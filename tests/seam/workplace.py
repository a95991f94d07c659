"""Real relays and workers on a real database, to be killed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.servers import CONTEXTS, ROOT, MariaDB, Server

PATIENCE = 90.0
_numbers = count()


@dataclass
class Workplace:
    """A site's data with the probe installed, and the processes that were started on it."""

    folder: Path
    database: MariaDB | None
    env: dict[str, str]
    name: str
    contexts: tuple[str, ...] = CONTEXTS
    servers: list[Server] = field(default_factory=list)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str, **env: str) -> Server:
        """A process of `manage.py`; it is killed when the test ends if it has not ended before."""
        log = self.folder / f"{arguments[0]}-{next(_numbers)}.log"
        server = Server([sys.executable, "manage.py", *arguments], None, log, self.env | env)
        server.start()
        self.servers.append(server)
        return server

    def healthy(self) -> int:
        """What bin/healthy says of this workplace's workers."""
        command = [sys.executable, "bin/healthy", "worker"]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, check=False).returncode

    def sql(self, context: str, statement: str) -> list[tuple[str, ...]]:
        """The rows of a statement, every value as text."""
        if self.database:
            out = self.database.sql(f"USE {self.name}_{context}; {statement}")
            return [tuple(line.split("\t")) for line in out.splitlines()]
        path = Path(self.env["DATA_DIR"]) / f"{context}.sqlite3"
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            rows = [tuple(map(str, row)) for row in connection.execute(statement)]
            connection.commit()
        return rows

    def number(self, context: str, statement: str) -> int:
        return int(self.sql(context, statement)[0][0])

    def is_above(self, least: int, context: str, statement: str) -> bool:
        return self.number(context, statement) > least

    def done(self, context: str = "catalog") -> int:
        return self.number(context, "SELECT COUNT(*) FROM probe_done")

    def begun(self) -> int:
        return self.number("catalog", "SELECT COUNT(*) FROM probe_begun")

    def twice(self, context: str = "catalog") -> list[tuple[str, ...]]:
        """What was done more than once."""
        return self.sql(context, "SELECT what, COUNT(*) FROM probe_done GROUP BY what HAVING COUNT(*) > 1")

    def wait(
        self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE, every: float = 0.1
    ) -> None:
        """Returns when `condition` holds; else an AssertionError with what the processes said."""
        until = time.monotonic() + seconds
        while not condition():
            said = "\n".join(f"== {server.log.name}\n{server.output()[-3000:]}" for server in self.servers)
            assert time.monotonic() < until, f"Not within {seconds} s: {what}\n{said}"
            time.sleep(every)

    def clear(self) -> None:
        for server in self.servers:
            server.kill()
        self.servers.clear()
        for context in self.contexts:
            label = "accounts" if context == "auth" else context
            for table in (f"{label}_outboxevent", f"{label}_job", "probe_begun", "probe_done"):
                self.sql(context, f"DELETE FROM {table}")


@contextmanager
def workplace(
    folder: Path, database: MariaDB | None, contexts: tuple[str, ...] = CONTEXTS, **settings: str
) -> Iterator[Workplace]:
    name = f"probe{next(_numbers)}"
    unwanted = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DATA_DIR"}
    env = {key: value for key, value in os.environ.items() if key not in unwanted}
    env |= {
        "DJANGO_SETTINGS_MODULE": "tests.seam.probe.settings",
        "DATA_DIR": str(folder / "data"),
        "LIFE_DIR": str(folder / "life"),
        "ENV_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
    } | settings
    if database:
        database.create_databases(name)
        env["DATABASE_URL"] = database.url(name)
    place = Workplace(folder, database, env, name, contexts)
    place.manage("probe", "setup")
    try:
        yield place
    finally:
        with suppress(sqlite3.OperationalError):
            place.clear()
