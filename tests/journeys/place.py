"""A running site as a journey sees it: an address, and a probe for what can't be seen in a browser."""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from monolith.demo.people import read_passwords
from tests.servers import ROOT, Site

Found = TypeVar("Found")


class Probe(Protocol):
    """What a topology must offer beside its address, for journeys to be driven on it."""

    def mails(self, *, to: str) -> list[str]:
        """The text of every e-mail sent to somebody, oldest first."""
        ...

    def log(self) -> str:
        """What the processes printed; for whoever has to find out why a journey ended early."""
        ...

    def passwords(self) -> dict[str, str]:
        """How the demo people sign in, by e-mail address."""
        ...

    def manage(self, *arguments: str) -> str:
        """Runs `manage.py` as an operator would; what it printed. Raises CalledProcessError when it fails."""
        ...

    def events(self, *, context: str) -> list[dict[str, Any]]:
        """What a context has said: `name`, `data`, and whether its relay is `done` with it; oldest first."""
        ...

    def jobs(self, *, context: str) -> list[dict[str, Any]]:
        """What a context has to do or has done: `name`, `status`, `attempts`."""
        ...


@dataclass
class Place:
    """Where journeys go. `name` is the topology's."""

    name: str
    url: str
    probe: Probe


class Embedded:
    """The probe of a site whose processes we started: mail is printed, rows are read by its own settings."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def mails(self, *, to: str) -> list[str]:
        found = re.findall(r"^Content-Type: .*?^-{60,}$", self.site.output(), flags=re.MULTILINE | re.DOTALL)
        parsed = (
            email.message_from_string(text.rsplit("\n", 1)[0], policy=email.policy.default) for text in found
        )
        return [message.get_body(("plain",)).get_content() for message in parsed if to in str(message["To"])]

    def log(self) -> str:
        return self.site.output()

    def passwords(self) -> dict[str, str]:
        return read_passwords(self.site.data_dir / "demo" / "sign-ins.txt")

    def manage(self, *arguments: str) -> str:
        return self.site.manage(*arguments).stdout

    def events(self, *, context: str) -> list[dict[str, Any]]:
        return self._rows("events", context)

    def jobs(self, *, context: str) -> list[dict[str, Any]]:
        return self._rows("jobs", context)

    def _rows(self, kind: str, context: str) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "tests.journeys.rows", kind, context]
        done = subprocess.run(
            command, cwd=ROOT, env=self.site.env, capture_output=True, text=True, check=True
        )
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows


def eventually(look: Callable[[], Found], seconds: float = 30, *, pause: float = 0.2) -> Found:
    """The first true answer of `look`. Raises TimeoutError when there is none in time."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(pause)
    return found
