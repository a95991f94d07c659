"""Runs the commands of a page of docs/ as somebody who reads it would, with this machine's ports and folders."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.servers import ROOT

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATIENCE = 150


def here(block: str, names: dict[str, str]) -> str:
    """A block with this machine's ports, folders and servers in the place of those the page names."""
    either = re.compile(
        "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True))
    )
    return either.sub(lambda found: names[found[0]], block)


class Shell:
    """One bash that goes from block to block, as a person does; everything it started ends with it."""

    def __init__(self, folder: Path, env: dict[str, str], cwd: Path = ROOT) -> None:
        self.folder, self.said = folder, ""
        self._count = 0
        self._log = folder / "shell.log"
        with self._log.open("wb") as log:
            self._bash = subprocess.Popen(
                ["bash", "-euo", "pipefail"],
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, block: str) -> str:
        """What it printed. Fails when a command of it did, or after PATIENCE seconds."""
        self._count += 1
        (self.folder / f"{self._count}.sh").write_text(block)
        before, mark = len(self.said), f"== {self._count} done"
        assert self._bash.stdin
        self._bash.stdin.write(f"source {self.folder}/{self._count}.sh\necho '{mark}'\n".encode())
        self._bash.stdin.flush()
        until = time.monotonic() + PATIENCE
        while mark not in self.said:
            self.said = self._log.read_text(errors="replace")
            assert self._bash.poll() is None or mark in self.said, (
                f"{block}\n{self.said[before:]}\n{self.logs()}"
            )
            assert time.monotonic() < until, (
                f"not in {PATIENCE} s: {block}\n{self.said[before:]}\n{self.logs()}"
            )
            time.sleep(0.05)
        return self.said[before:].partition(mark)[0]

    def logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in self.folder.glob("*.log"))

    def close(self) -> None:
        """As a closed terminal would: the supervisors end what is theirs; what is left after that is killed."""
        for number, wait in ((signal.SIGTERM, 30), (signal.SIGKILL, 5)):
            for pid in self._children():
                os.kill(pid, number)
            until = time.monotonic() + wait
            while self._children() and time.monotonic() < until:
                time.sleep(0.1)
        if self._bash.poll() is None:
            self._bash.kill()
        self._bash.communicate()

    def _children(self) -> list[int]:
        """Processes of its session that still run: the supervisors; honcho's own have sessions of their own."""
        found = subprocess.run(
            ["ps", "-o", "pid=,stat=,comm=", "--sid", str(self._bash.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        rows = (line.split(None, 2) for line in found.stdout.splitlines())
        return [int(pid) for pid, state, _name in rows if int(pid) != self._bash.pid and state[0] != "Z"]
