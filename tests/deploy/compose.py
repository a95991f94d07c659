"""Starts the files of deploy/compose with podman-compose, on images made here: no registry is needed."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.caller import Caller
from tests.container import image
from tests.servers import ROOT, answers, free_port

FOLDER = ROOT / "deploy" / "compose"
FILES = sorted(path.name for path in FOLDER.glob("*.yml") if path.name not in ("common.yml", "https.yml"))
SERVERS = {"mariadb": "localhost/offshoot-mariadb:test", "nginx": "localhost/offshoot-nginx:test"}
KEYS = ("SECRET_KEY", "RPC_KEY", "MARIADB_ROOT_PASSWORD")
PASSWORDS = tuple(f"{context}_DATABASE_PASSWORD" for context in ("AUTH", "MEDIA", "CATALOG"))


def build_images() -> None:
    """The site's image and those of its servers. Raises tests.container.image.NoContainers where they can't be had."""
    image.ensure_base()
    image.build()
    for target, tag in SERVERS.items():
        image.build(tag, "--target", target, folder=Path(__file__).parent / "images")


@dataclass
class Composed:
    """A site from compose files, and what its `.env` would say."""

    files: tuple[str, ...]
    env: dict[str, str]
    project: str

    @property
    def url(self) -> str:
        return self.env["SITE_URL"]

    def compose(self, *arguments: str, check: bool = True, timeout: float = 300) -> str:
        """What podman-compose prints. Raises RuntimeError when it fails."""
        named = [argument for name in self.files for argument in ("-f", str(FOLDER / name))]
        command = [
            str(Path(sys.executable).parent / "podman-compose"),
            "-p",
            self.project,
            *named,
            *arguments,
        ]
        done = subprocess.run(
            command,
            cwd=FOLDER,
            env=image.environment() | self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def run(self, service: str, *command: str) -> str:
        """Runs a command in the container of a service."""
        return image.podman("exec", f"{self.project}_{service}_1", *command).stdout

    def wait_until_it_answers(self, path: str, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while not answers(self.url + path):
            if time.monotonic() > until:
                raise TimeoutError(f"{path} did not answer:\n{self.compose('logs', check=False)[-6000:]}")
            time.sleep(0.3)


def composed(*files: str) -> Composed:
    """A site that isn't started, with keys of its own."""
    port = free_port()
    images = {
        "OFFSHOOT_IMAGE": image.IMAGE,
        "REDIS_IMAGE": image.IMAGE,  # it brings a Redis
        "MARIADB_IMAGE": SERVERS["mariadb"],
        "NGINX_IMAGE": SERVERS["nginx"],
    }
    env = {name: secrets.token_hex(32) for name in (*KEYS, *PASSWORDS)} | images
    env |= {"SITE_URL": f"http://localhost:{port}", "ALLOWED_HOSTS": "localhost", "PUBLISH": str(port)}
    return Composed(files, env, f"offshoot-test-{uuid.uuid4().hex[:8]}")


@contextmanager
def started(*files: str) -> Iterator[Composed]:
    """The site from these files: each service answers when the block begins, and nothing is left after it."""
    site = composed(*files)
    try:
        site.compose("up", "-d")
        for path in ("/accounts/login/", "/pictures/", "/"):
            site.wait_until_it_answers(path)
        yield site
    finally:
        site.compose("down", "--volumes", "--timeout", "5", check=False)


def with_alice(site: Composed, service: str, password: str) -> Caller:
    """Alice, signed in through the gateway; her account is made where auth lives."""
    register = (
        "from apps.auth import service; from apps.auth.contract import Role; "
        f"service.register_person(email='alice@example.com', password={password!r}, name='Alice', "
        "role=Role.EDITOR, confirmed=True)"
    )
    site.run(service, "python", "manage.py", "shell", "-c", register)
    alice = Caller(site.url)
    alice.sign_in("alice@example.com", password)
    return alice
