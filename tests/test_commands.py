"""What manage.py says where the database can't be used: a sentence, and the stack trace for who asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT


def run(data_dir: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ENV_FILE": os.devnull, "DATA_DIR": str(data_dir), **settings}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "no such table: accounts_outboxevent"),
        ({"DATABASE_URL": "mysql://a:b@127.0.0.1:1/shop"}, "Can't connect to"),
    ],
)
def test_a_database_that_is_empty_or_away_is_explained(tmp_path, settings, why):
    done = run(tmp_path, "jobs", **settings)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert why in done.stderr
    assert "run `manage.py prepare`" in done.stderr


def test_who_asks_for_the_stack_trace_gets_it(tmp_path):
    done = run(tmp_path, "jobs", "--traceback")
    assert "Traceback" in done.stderr
    assert "no such table" in done.stderr


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_number_of_jobs_that_is_none_is_explained(tmp_path, number):
    done = run(tmp_path, "worker", f"--concurrency={number}")
    assert (
        f"argument --concurrency: a number of jobs, at least 1, is needed and not {number!r}" in done.stderr
    )
