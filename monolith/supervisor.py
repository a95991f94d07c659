"""Runs the Procfile's processes under honcho: when one of them ends, all do.

python -m monolith.supervisor            bin/run: web, worker, relay, rpc where RPC_PORT is set, and `welcome`
python -m monolith.supervisor --redis    the container: a Redis of its own as well, unless REDIS_URL names one
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import honcho.manager
from django.conf import settings
from honcho.environ import parse_procfile
from honcho.printer import Printer

WELCOME = "exec python manage.py welcome"
RPC = "exec python manage.py rpc"
# Cache and message broker of one container; the rows in the databases are the truth, so nothing is saved. What
# may be thrown out when it is full is what has an end anyway: pages held, never a message.
REDIS = (
    "exec redis-server --port {port} --bind 127.0.0.1 --save '' --appendonly no --dir /tmp --loglevel warning "
    "--maxmemory 128mb --maxmemory-policy volatile-lru"
)


class Supervisor(honcho.manager.Manager):
    """honcho's manager, made patient enough to let requests and jobs finish."""

    def terminate(self) -> None:
        if self._all_started():
            super().terminate()
        else:  # a signal in the first moments, before every process has told its pid: once more in a second
            signal.signal(signal.SIGALRM, lambda *_: self.terminate())
            signal.alarm(1)

    def _killall(self, force: bool = False) -> None:
        """SIGTERM to each process, not to its whole group: gunicorn and Celery end their own in good order."""
        for name, pid in self._running().items():
            if force:
                self._procmgr.kill(pid)
            elif name != "redis":
                tell_to_stop(pid)

    def _all_stopped(self) -> bool:
        """Asked ten times a second. Redis is told to stop when it is alone: the others need it to finish."""
        running = self._running()
        if self._terminating and running.keys() == {"redis"}:
            tell_to_stop(running["redis"])
        return bool(super()._all_stopped())

    def _running(self) -> dict[str, int]:
        return {name: p["pid"] for name, p in self._processes.items() if "pid" in p and "returncode" not in p}


def tell_to_stop(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def end_when_the_terminal_closes() -> None:
    """A window that is closed ends the site as Ctrl-C does; honcho leaves the processes running. nohup still holds."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return
    signal.signal(signal.SIGHUP, hung_up)


def hung_up(*_: object) -> None:
    # Each of honcho's processes gets this signal too, and ignores SIGTERM until its child has ended.
    say_no_more()  # writing to a terminal that is gone is an error
    os.kill(os.getpid(), signal.SIGTERM)


def say_no_more() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for said in (1, 2):
        os.dup2(nowhere, said)


class Teller(Printer):
    """Ctrl-C ends the `tee` of `bin/run | tee log` first: what nobody reads must not keep the site from ending."""

    def write(self, message: object) -> None:
        try:
            super().write(message)
        except BrokenPipeError:
            say_no_more()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def commands(*, own_redis: bool) -> tuple[dict[str, str], dict[str, str]]:
    """What to run by name, and the environment to run it in."""
    root = Path(settings.BASE_DIR)
    run = dict(parse_procfile((root / "Procfile").read_text()).processes)
    env = os.environ | {"PYTHONUNBUFFERED": "1"}
    # `python` is the one we run on, whether or not its environment was activated.
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    if own_redis and not settings.REDIS_URL:
        port = free_port()
        env["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        run["redis"] = REDIS.format(port=port)
    if settings.RPC_PORT:
        run["rpc"] = RPC
    run["welcome"] = WELCOME
    return run, env


def main() -> int:
    """The exit code of the first process to end, 130 or 143 after a signal; never 0, for nothing ends by itself."""
    parser = argparse.ArgumentParser(prog="python -m monolith.supervisor", description=__doc__)
    parser.add_argument("--redis", action="store_true", help="also run a Redis, unless REDIS_URL names one")
    arguments = parser.parse_args()
    if arguments.redis and not settings.REDIS_URL and not shutil.which("redis-server"):
        parser.error("redis-server is not installed. Install it, set REDIS_URL, or leave --redis out.")

    # honcho kills whatever is left this long after the first process ended; its own 5 s would cut requests off.
    honcho.manager.KILL_WAIT = settings.DRAIN_SECONDS + 3
    supervisor = Supervisor(Teller(sys.stdout, prefix=sys.stdout.isatty() or not arguments.redis))
    run, env = commands(own_redis=arguments.redis)
    end_when_the_terminal_closes()
    for name, command in run.items():
        supervisor.add_process(name, command, env=env, cwd=str(settings.BASE_DIR))
    supervisor.loop()
    return supervisor.returncode or 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
    sys.exit(main())
