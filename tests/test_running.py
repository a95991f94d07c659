"""The site as `bin/run` starts it: prepared, supervised, ended."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from monolith.management.commands.welcome import reached_at
from monolith.supervisor import commands
from tests import servers, suite
from tests.servers import ROOT, Server

pytestmark = pytest.mark.slow

STARTED = re.compile(r"(\w+) started \(pid=(\d+)\)")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing but what a test needs is set."""
    outside = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    ours = {"ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path / "data"), "DEMO_DATA": "false"}
    return (
        {k: v for k, v in os.environ.items() if k not in outside} | ours | {"PORT": str(servers.free_port())}
    )


def manage(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def prepare(env: dict[str, str]) -> None:
    """As bin/run does it, but that the tables are there already."""
    shutil.copytree(servers.empty_databases(), env["DATA_DIR"])
    assert manage(env, "prepare", "--built").returncode == 0


@contextlib.contextmanager
def supervised(env: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """The supervisor of a prepared site, once the site answers."""
    prepare(env)
    command = [sys.executable, "-m", "monolith.supervisor"]
    with Server(command, int(env["PORT"]), tmp_path / "log", env).running() as supervisor:
        wait_for(lambda: "The site is up" in supervisor.output(), 60, supervisor)
        yield supervisor


def wait_for(condition, seconds: float, supervisor: Server) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, supervisor.output()[-3000:]
        time.sleep(0.1)


def processes(supervisor: Server) -> dict[str, int]:
    return {name: int(pid) for name, pid in STARTED.findall(supervisor.output())}


def is_running(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_the_procfiles_processes_run_and_end_together(env, tmp_path):
    with supervised(env, tmp_path) as supervisor:
        running = processes(supervisor)
        assert running.keys() == {"web", "worker", "relay", "welcome"}
        assert f"http://localhost:{env['PORT']}" in supervisor.output()

        assert supervisor.stop() == 143
        assert [name for name, pid in running.items() if is_running(pid)] == []
        assert "worker: stopped" in supervisor.output()


@pytest.mark.parametrize("name", ["web", "worker", "relay"])
def test_when_one_process_dies_all_end_and_that_is_a_failure(env, tmp_path, name):
    with supervised(env, tmp_path) as supervisor:
        running = processes(supervisor)
        os.kill(running[name], signal.SIGKILL)

        assert supervisor.process.wait(40) != 0
        assert [name for name, pid in running.items() if is_running(pid)] == []


def test_closing_the_terminal_ends_the_site(env, tmp_path):
    prepare(env)
    terminal, inside = os.openpty()
    command = [sys.executable, "-m", "monolith.supervisor"]
    with subprocess.Popen(
        ["setsid", "--ctty", *command], cwd=ROOT, env=env, stdin=inside, stdout=inside, stderr=inside
    ) as supervisor:
        try:
            os.close(inside)
            said = read_until("The site is up", terminal, 60)
        finally:
            os.close(terminal)
        try:
            assert supervisor.wait(60) == 143
        finally:
            left = [(name, int(pid)) for name, pid in STARTED.findall(said) if is_running(int(pid))]
            for _name, pid in left:
                os.kill(pid, signal.SIGKILL)
    assert left == []


def read_until(words: str, terminal: int, seconds: float) -> str:
    said, until = "", time.monotonic() + seconds
    while words not in said:
        assert time.monotonic() < until, said
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 65536).decode()
    return said


@pytest.mark.parametrize(
    ("bound", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("10.0.0.7", "10.0.0.7"), ("::", "[::1]")],
)
def test_it_looks_for_itself_where_it_listens(bound, reached):
    assert reached_at(bound) == reached


def test_it_can_be_ended_in_its_first_moments(env, tmp_path):
    prepare(env)
    supervisor = Server([sys.executable, "-m", "monolith.supervisor"], None, tmp_path / "log", env)
    with supervisor.running():
        wait_for(lambda: "started" in supervisor.output(), 20, supervisor)
        assert supervisor.stop() == 143
        assert [name for name, pid in processes(supervisor).items() if is_running(pid)] == []


def test_it_ends_though_what_read_its_output_has_ended(env):
    """As with `bin/run | tee log` and Ctrl-C."""
    prepare(env)
    command = [sys.executable, "-m", "monolith.supervisor"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        said = ""
        while "welcome started" not in said or said.count(" started") < 4:
            said += supervisor.stdout.readline()
        supervisor.stdout.close()
        supervisor.terminate()
        try:
            assert supervisor.wait(40) == 143
        finally:
            supervisor.kill()
            left = [int(pid) for _name, pid in STARTED.findall(said) if is_running(int(pid))]
            for pid in left:
                os.kill(pid, signal.SIGKILL)
    assert left == []


def test_a_busy_port_gets_a_sentence(env):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = manage(env | {"PORT": str(port)}, "prepare", "--built")
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 can't be used" in done.stderr
    assert f"PORT={port + 1} bin/run" in done.stderr


def test_a_data_folder_that_can_not_be_one_gets_a_sentence(env, tmp_path):
    (tmp_path / "file").touch()
    done = manage(env | {"DATA_DIR": str(tmp_path / "file" / "data")}, "prepare", "--built")
    assert "DATA_DIR must be a folder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BIND_ADDRESS", "no address", "BIND_ADDRESS='no address' is no address of this machine."),
        ("STATIC_ROOT", "/proc/none", "STATIC_ROOT /proc/none can't be written"),
        (
            "DATABASE_URL",
            "sqlite:////proc/none.sqlite3",
            "The database /proc/none.auth.sqlite3 can't be written",
        ),
    ],
)
def test_a_place_that_is_none_gets_a_sentence(env, name, value, said):
    done = manage(env | {name: value}, "prepare")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_number_that_is_none_gets_a_sentence(env, port):
    done = manage(env | {"PORT": port}, "check")
    assert done.stderr.strip().endswith("PORT must be a whole number from 1 to 65535.")


def test_preparing_again_changes_nothing(env):
    assert "Migrating" in manage(env, "prepare", "--built").stdout
    again = manage(env, "prepare", "--built")
    assert (again.returncode, again.stdout) == (0, "")


def test_code_that_django_finds_wrong_is_not_started(env, tmp_path):
    """Pages of the admin are looked at too, which only the site's URLs bring."""
    (tmp_path / "wrong_settings.py").write_text(
        "from monolith.settings import *\nROOT_URLCONF = 'wrong_urls'\n"
    )
    (tmp_path / "wrong_urls.py").write_text(
        "from monolith.urls import *\n"
        "from apps.catalog.models import SearchWord\n"
        "admin.site.register(SearchWord, type('Wrong', (admin.ModelAdmin,), {'list_display': ['nowhere']}))\n"
    )
    done = manage(env | {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "wrong_settings"}, "prepare")
    assert done.returncode != 0
    assert "admin.E108" in done.stderr


def test_what_has_no_pages_loads_neither_admin_nor_api(env):
    """Half of the time and a quarter of the memory that a worker or a relay would take."""
    program = "import django, sys; django.setup(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=env | {"DJANGO_SETTINGS_MODULE": "monolith.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "apps.catalog.service" in loaded
    assert not loaded & {
        "apps.auth.admin",
        "apps.catalog.urls",
        "allauth.account.views",
        "rest_framework.views",
        "jwt",
    }


def test_databases_are_made_where_that_is_allowed(env, mariadb):
    done = manage(env | {"DATABASE_URL": mariadb.url("fresh")}, "prepare", "--built")
    assert done.returncode == 0, done.stderr
    assert {"fresh_auth", "fresh_media", "fresh_catalog"} <= set(mariadb.sql("SHOW DATABASES").split())


def test_who_may_not_make_databases_is_told_what_an_administrator_has_to_run(env, mariadb):
    mariadb.sql("CREATE USER IF NOT EXISTS bob@'%' IDENTIFIED BY 'secret'")
    done = manage(
        env | {"DATABASE_URL": f"mysql://bob:secret@127.0.0.1:{mariadb.port}/shop"}, "prepare", "--built"
    )
    assert done.returncode == 1
    assert "CREATE DATABASE IF NOT EXISTS `shop_auth`" in done.stderr
    assert "GRANT ALL ON `shop_auth`.* TO 'bob'@'%'" in done.stderr


def test_a_wrong_password_is_not_waited_for(env, mariadb):
    done = manage(
        env | {"DATABASE_URL": f"mysql://bob:wrong@127.0.0.1:{mariadb.port}/shop"}, "prepare", "--built"
    )
    assert done.returncode == 1
    assert "Access denied" in done.stderr


def test_a_python_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setup").write_bytes((ROOT / "bin" / "setup").read_bytes())
    done = subprocess.run(
        ["bash", str(tmp_path / "bin" / "setup")],
        env=os.environ | {"PYTHON": "/bin/true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PYTHON=/bin/true is not a Python 3.11 or newer" in done.stderr


def test_the_suite_counts_what_happened():
    """Three tests of which one fails, one is skipped; the compiled translations count as one more."""
    folder = ROOT / "tests" / "sample_of_a_suite"
    folder.mkdir(exist_ok=True)
    try:
        (folder / "test_sample.py").write_text(
            '"""A sample."""\n\nimport pytest\n\n\ndef test_yes():\n    assert True\n\n\n'
            'def test_no():\n    assert not "no"\n\n\n@pytest.mark.skip\ndef test_later():\n    pass\n'
        )
        command = [sys.executable, "-m", "tests.suite", "--fast", str(folder), "-p", "no:cacheprovider"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(folder)
    assert done.stdout.splitlines()[-1] == "2 passed, 1 failed, 1 skipped"
    assert done.returncode == 1


def test_the_inner_loop_goes_without_what_is_heavy_unless_one_asks_for_it():
    (left, asked) = (suite.passes(fast=True, named=named)[0].marks for named in (False, True))
    assert left == f"{asked} and not heavy"
    assert not any("heavy" in one.marks for one in suite.passes(fast=False, named=False))
    assert suite.names_tests(["tests/seam"])
    assert suite.names_tests(["-k", "outbox"])
    assert not suite.names_tests(["-x"])


def test_other_services_are_answered_where_there_is_a_port_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "rpc" not in commands(own_redis=False)[0]
    monkeypatch.setattr(settings, "RPC_PORT", 50051)
    assert commands(own_redis=False)[0]["rpc"] == "exec python manage.py rpc"


def test_the_bench_starts():
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--help"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "usage: bin/bench" in done.stdout, done.stderr
