"""Every process looks at the isolation level when it starts, and ends with a sentence where claiming would deadlock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("isolation")]

PROCESSES = {
    "prepare": ["manage.py", "prepare"],
    "worker": ["manage.py", "worker"],
    "relay": ["manage.py", "relay"],
    "rpc": ["manage.py", "rpc"],
    "web": ["-m", "gunicorn", "--config", "python:monolith.gunicorn"],
}
LEVELS = """
from django.db import connections
for alias in ("default", "media", "catalog"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.tx_isolation, @@SESSION.tx_isolation")
        print(*cursor.fetchone())
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A prepared site on a server that is at REPEATABLE READ unless asked otherwise, as both MySQL and MariaDB are."""
    unwanted = {"REDIS_URL", "CELERY_BROKER_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE"}
    with servers.mariadb("--transaction-isolation=REPEATABLE-READ") as server:
        env = {k: v for k, v in os.environ.items() if k not in unwanted} | {
            "DATABASE_URL": server.url(),
            "DATA_DIR": str(tmp_path_factory.mktemp("isolation")),
            "ENV_FILE": os.devnull,
            "PORT": str(servers.free_port()),
            "RPC_PORT": str(servers.free_port()),
            "RPC_KEY": "k" * 40,
            "DEMO_DATA": "false",
        }
        done = run(env, "prepare")
        assert done.returncode == 0, done.stdout + done.stderr
        yield env


def run(env: dict[str, str], name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *PROCESSES.get(name, ["manage.py", name]), *arguments]
    return subprocess.run(
        command, env=env, cwd=Path(servers.ROOT), capture_output=True, text=True, timeout=120, check=False
    )


def test_whatever_the_servers_default_our_connections_read_what_is_committed(env: dict[str, str]) -> None:
    done = run(env, "shell", "-v0", "-c", LEVELS)
    assert done.stdout.split() == ["REPEATABLE-READ", "READ-COMMITTED"] * 3, done.stderr


@pytest.mark.parametrize("name", PROCESSES)
def test_no_process_goes_on_at_another_level(env: dict[str, str], name: str) -> None:
    done = run(env | {"DJANGO_SETTINGS_MODULE": "tests.seam.repeatable"}, name)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "'catalog' is at isolation level REPEATABLE-READ, not READ-COMMITTED" in said
    assert "set transaction_isolation to READ-COMMITTED" in said
