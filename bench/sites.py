"""The things measured, started: our site on MariaDB and Redis, and the bare Django site beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ROOT, MariaDB, Redis, Server, free_port, wait_until_answers

WORKERS = 2
GUNICORN = f"{sys.executable} -m gunicorn --worker-class sync --workers {WORKERS} --no-control-socket".split()


@dataclass
class Website:
    """Our site in one process group of gunicorn; nothing else of it runs while it is measured."""

    url: str
    env: dict[str, str]
    server: Server | None = None

    def manage(self, *arguments: str) -> str:
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> str:
        """Run Python with this site's settings; what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout


def prepared(name: str, database: MariaDB, cache: Redis, number: int, folder: Path) -> Website:
    """An empty site with databases of its own; nobody serves it yet."""
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.endswith(("DATABASE_URL", "REDIS_URL"))}
    env = inherited | {
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(folder / name),
        "DATABASE_URL": database.url(name),
        "REDIS_URL": cache.url(number),
        "PORT": str(port),
        "DEMO_DATA": "0",
    }
    database.create_databases(name)
    site = Website(f"http://localhost:{port}", env)
    site.manage("prepare")
    return site


@contextmanager
def served(site: Website, folder: Path) -> Iterator[None]:
    with gunicorn("monolith.wsgi", site.url, folder / "web.log", site.env) as site.server:
        wait_until_answers(f"{site.url}/readyz")
        yield


@contextmanager
def baseline(site: Website, folder: Path) -> Iterator[Website]:
    """The bare Django beside `site`, under the same server settings."""
    bare = Website(f"http://localhost:{free_port()}", site.env | {"DJANGO_SETTINGS_MODULE": "bench.settings"})
    with gunicorn("bench.baseline", bare.url, folder / "baseline.log", bare.env) as bare.server:
        wait_until_answers(f"{bare.url}/bytes/1")
        yield bare


@contextmanager
def gunicorn(application: str, url: str, log: Path, env: dict[str, str]) -> Iterator[Server]:
    port = int(url.rpartition(":")[2])
    with Server([*GUNICORN, "--bind", f"127.0.0.1:{port}", application], port, log, env).running() as server:
        yield server


def settle(*servers: Server, seconds: float = 120) -> None:
    """Wait until servers have nothing left to do: a database goes on writing long after its last answer."""
    until = time.monotonic() + seconds
    before = cpu_seconds(*servers)
    while time.monotonic() < until:
        time.sleep(1)
        now = cpu_seconds(*servers)
        if now - before < 0.05:
            return
        before = now


def cpu_seconds(*servers: Server | None) -> float:
    """CPU time used so far by servers and their children, user and system; /proc/<pid>/stat, proc(5), fields 14, 15."""
    pids = [pid for server in servers if server and server.process for pid in family(server.process.pid)]
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and those it started that still run, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]
