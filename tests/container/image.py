"""Builds the image and runs it with podman, locked down the way a careful platform would."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.servers import ROOT, answers, free_port, talking

BASE = "docker.io/library/python:3.13-slim"
IMAGE = "localhost/offshoot:test"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
LOCKED_DOWN = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


class Ended(RuntimeError):
    """The container ended before its site answered; the message is what it said."""


class NoContainers(Exception):
    """Containers can't be built or run on this machine; the message says why."""


@cache
def tools() -> Path | None:
    """A folder with a `container-base` that makes the base image where no registry can be reached.

    OFFSHOOT_TOOLS names it; else it is looked for in the folders beside the checkout.
    """
    if named := os.environ.get("OFFSHOOT_TOOLS"):
        return Path(named)
    return next((found.parent for found in sorted(ROOT.glob("../*/tools/container-base"))), None)


@cache
def environment() -> dict[str, str]:
    conf = tools() and tools() / "containers.conf"
    return os.environ | ({"CONTAINERS_CONF": str(conf)} if conf and conf.exists() else {})


def podman(
    *arguments: str, check: bool = True, timeout: float = 120, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["podman", *arguments],
        env=environment(),
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and done.returncode:
        raise RuntimeError(
            f"podman {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done


def ensure_base() -> None:
    """Raises NoContainers when there is neither the base image nor a way to get it."""
    if tools():
        made = subprocess.run(
            [tools() / "container-base"], env=environment(), capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise NoContainers(f"the base image could not be made: {made.stderr[-500:]}")
    if not (shutil.which("podman") and shutil.which("buildah")):
        raise NoContainers("podman and buildah are not installed")
    if podman("image", "exists", BASE, check=False).returncode:
        pulled = podman("pull", "--quiet", BASE, check=False, timeout=300)
        if pulled.returncode:
            raise NoContainers(f"{BASE} is not here and can't be pulled: {pulled.stderr.strip()[-300:]}")


def build(tag: str = IMAGE, *options: str, folder: Path = ROOT) -> None:
    """Make the image `tag`, by default the site's, from a folder; unchanged layers are taken from the last time."""
    command = [
        "buildah",
        "bud",
        "--isolation",
        "chroot",
        "--format",
        "docker",
        "--layers",
        "--network",
        "host",
    ]
    command += ["--pull-never", "-t", tag, *options]
    if Path(CERTIFICATES).exists():
        command += ["-v", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    done = subprocess.run(
        [*command, "."], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{tag} could not be built:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


@dataclass
class Container:
    """A running container of the site."""

    volume: str
    env: dict[str, str] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"offshoot-test-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)
    # What OpenShift does: an id nobody has heard of, in group 0.
    uid: int = field(default_factory=lambda: random.randint(1_000_000_000, 1_999_999_999))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        # The host's network, on loopback only: bridges need firewall tools that not every machine has.
        env = {"PORT": str(self.port), "BIND_ADDRESS": "127.0.0.1"} | self.env
        where = ["--network", "host", "--volume", f"{self.volume}:/data", "--user", f"{self.uid}:0"]
        settings = [argument for key, value in env.items() for argument in ("--env", f"{key}={value}")]
        podman("run", "--detach", "--name", self.name, *LOCKED_DOWN, *where, *settings, IMAGE)
        until = time.monotonic() + 90
        while not answers(f"{self.url}/readyz"):
            if not self.state()["Running"]:
                raise Ended(self.output()[-4000:])
            if time.monotonic() > until:
                raise TimeoutError(f"The site did not answer within 90 s:\n{self.output()[-4000:]}")
            time.sleep(0.2)

    def output(self) -> str:
        done = podman("logs", self.name, check=False)
        return done.stdout + done.stderr

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return podman("exec", self.name, *command, check=check)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`manage.py` in the container; what its own Redis holds is none of its business."""
        return self.run("python", "manage.py", *arguments)

    def python(self, source: str, *arguments: str) -> str:
        """Runs a program in the container; what it printed."""
        return podman("exec", "--interactive", self.name, "python", "-", *arguments, given=source).stdout

    def talk(self, source: str) -> subprocess.Popen[str]:
        """Starts a program in the container that reads lines and answers each with one."""
        return talking(["podman", "exec", "--interactive", self.name, "python", "-c", source], environment())

    def kept(self, name: str) -> str:
        """A file of its volume."""
        return self.run("cat", f"/data/{name}").stdout

    def bring(self, name: str, text: str) -> str:
        """Puts a file into the container for a command to read; its path."""
        podman("exec", "--interactive", self.name, "sh", "-c", f"cat > /tmp/{name}", given=text)
        return f"/tmp/{name}"

    def processes(self) -> dict[int, str]:
        """Command lines by process id, as seen from inside."""
        glob = "__import__('pathlib').Path('/proc').glob('[0-9]*/cmdline')"
        listing = (
            f"print(*(p.parts[2] + ' ' + p.read_text().replace(chr(0), ' ') for p in {glob}), sep=chr(10))"
        )
        lines = (line.partition(" ") for line in self.run("python", "-c", listing).stdout.splitlines())
        return {int(pid): command for pid, _, command in lines}

    def state(self) -> dict:
        return json.loads(podman("container", "inspect", self.name).stdout)[0]["State"]

    def remove(self) -> None:
        podman("rm", "--force", "--time", "3", self.name, check=False)


@contextmanager
def fresh_volume() -> Iterator[str]:
    name = f"offshoot-test-{uuid.uuid4().hex[:8]}"
    podman("volume", "create", name)
    try:
        yield name
    finally:
        podman("volume", "rm", "--force", name, check=False)


@contextmanager
def container(volume: str, **env: str) -> Iterator[Container]:
    """The site in a container with that volume as its /data; it answers when the block begins."""
    running = Container(volume, env)
    try:
        running.start()
        yield running
    finally:
        running.remove()
