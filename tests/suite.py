"""Runs the checks and the passes of bin/test, and says in one last line how it went."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.servers import ROOT, free_port, temporary_folder

NO_TESTS_COLLECTED = 5
PYTHON = sys.executable
BIN = Path(PYTHON).parent

# Each is one question; a check that fails counts as one failed test.
CHECKS = {
    "translations": [PYTHON, "manage.py", "compile_translations"],
    "static files": [PYTHON, "manage.py", "prepare"],
    "types": [f"{BIN}/mypy"],
    "lint": [f"{BIN}/ruff", "check", "--quiet", "--output-format=concise"],
    "format": [f"{BIN}/ruff", "format", "--check", "--quiet", "--diff"],
    "templates": [f"{BIN}/djlint", "--lint", "--quiet", "apps", "monolith", "seam"],
    "imports": [f"{BIN}/lint-imports"],
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "contracts": [PYTHON, "manage.py", "contracts", "--check"],
}


@dataclass
class Tally:
    """How many passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed" + (
            f", {self.skipped} skipped" if self.skipped else ""
        )


@dataclass
class Pass:
    """One run of pytest: which tests, on which servers, in how many processes."""

    name: str
    marks: str
    processes: int = 0
    servers: bool = False


WITHOUT_MACHINERY = "not browser and not container"
FAST = Pass("tests on SQLite", f"{WITHOUT_MACHINERY} and not slow", processes=2)
# Seven of ten, in less than half the time.
LIGHT = replace(FAST, marks=f"{FAST.marks} and not heavy")
WHOLE = [
    # Twice the processors of a small machine: a test of real servers waits for most of its time.
    Pass("tests on SQLite", WITHOUT_MACHINERY, processes=4),
    Pass("data on MariaDB with Redis", f"data and {WITHOUT_MACHINERY}", processes=3, servers=True),
    # A process drives all journeys of one topology, so that it starts it once.
    Pass("browser", "browser", processes=3),
    # While one container starts or stops, another one can work.
    Pass("container", "container", processes=2),
]


def check(name: str, env: dict[str, str]) -> tuple[Tally, str]:
    """How it went, and the line that says so; what is wrong is printed."""
    began = time.monotonic()
    env = env | {"PORT": str(free_port())}
    done = subprocess.run(CHECKS[name], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    line = f"{name:<28}{'failed' if done.returncode else 'ok':<40}{time.monotonic() - began:6.1f} s"
    print((done.stdout + done.stderr if done.returncode else "") + line, flush=True)
    return Tally(passed=int(not done.returncode), failed=int(bool(done.returncode))), line


def run_pass(one: Pass, arguments: list[str], report: Path, env: dict[str, str]) -> Tally:
    command = [PYTHON, "-m", "pytest", "-m", one.marks, f"--junitxml={report}", *arguments]
    if one.processes:
        command[3:3] = ["-n", str(one.processes), "--dist", "loadgroup"]
    if one.servers:
        command = [PYTHON, "-m", "tests.servers", *command]
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    tally = read(report) if report.exists() else Tally()
    if code not in (0, NO_TESTS_COLLECTED) and not tally.failed:
        tally.failed = 1  # pytest itself, or a server, broke before or after the tests
    return tally


def read(report: Path) -> Tally:
    """Count pytest's own report: what neither failed, broke in its setup nor was skipped has passed."""
    tally = Tally()
    for case in ET.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif case.find("skipped") is not None:
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


def names_tests(arguments: list[str]) -> bool:
    """Whether they pick tests, by path or by -k, and don't only say how to run them."""
    return any(
        argument.startswith("-k") or Path(ROOT, argument.split("::")[0]).exists() for argument in arguments
    )


def passes(*, fast: bool, named: bool) -> list[Pass]:
    """`named`: somebody says which tests, and wants them whatever they weigh."""
    if not fast:
        return WHOLE
    return [FAST if named else LIGHT]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/test", description=__doc__, add_help=False)
    parser.add_argument("--fast", action="store_true")
    options, arguments = parser.parse_known_args()
    # What stands in the environment or in .env is for running the site; each pass says what it wants. And of all the
    # processes that a run starts only the first shall compile what they read.
    elsewhere = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"}
    env = {name: value for name, value in os.environ.items() if name not in elsewhere}
    env["ENV_FILE"] = os.devnull

    lines, total = [], Tally()
    with temporary_folder("suite") as folder:
        env["DATA_DIR"] = str(folder / "data")
        # Asked for particular tests, nobody wants to hear of the whole house; but pages need translations and scripts.
        named = names_tests(arguments)
        names = ["translations", "static files"] if named else list(CHECKS)
        if options.fast:
            names.remove("static files")
        with ThreadPoolExecutor(max_workers=2) as pool:
            for tally, line in pool.map(check, names, [env] * len(names)):
                lines.append(line)
                total += tally
        for number, one in enumerate(passes(fast=options.fast, named=named)):
            print(f"\n{one.name}", flush=True)
            began = time.monotonic()
            tally = run_pass(one, arguments, folder / f"{number}.xml", env)
            lines.append(f"{one.name:<28}{tally!s:<40}{time.monotonic() - began:6.1f} s")
            total += tally
    print("\n" + "\n".join(lines))
    print(total)
    return int(total.failed > 0 or total.passed == 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
