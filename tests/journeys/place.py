"""A running site as a journey sees it: an address, and a probe for what can't be seen in a browser."""

from __future__ import annotations

import email
import email.policy
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from subprocess import CompletedProcess, Popen
from typing import Any, Protocol, Self, TypeVar

from monolith.demo.people import parse_passwords
from tests.servers import ROOT, Server

MAIL = re.compile(r"^Content-Type: .*?^-{60,}$", flags=re.MULTILINE | re.DOTALL)
ROWS = (ROOT / "tests" / "journeys" / "rows.py").read_text()

Found = TypeVar("Found")


class Machine(Protocol):
    """One deployment of the code: a site started by us, a service of a split, a container."""

    def output(self) -> str:
        """What its processes printed."""
        ...

    def manage(self, *arguments: str) -> CompletedProcess[str]:
        """Runs `manage.py` there as an operator would. Raises CalledProcessError when it fails."""
        ...

    def python(self, source: str, *arguments: str) -> str:
        """Runs a program there; what it printed. Raises CalledProcessError when it fails."""
        ...

    def talk(self, source: str) -> Popen[str]:
        """Starts a program there that reads lines and answers each with one, until there are no more."""
        ...

    def kept(self, name: str) -> str:
        """A file of its DATA_DIR."""
        ...

    def bring(self, name: str, text: str) -> str:
        """Puts a file there for a command to read; its path."""
        ...


@dataclass
class Probe:
    """What is behind the pages. `machines` by the context that lives there; `demo` is where the demo shop was made.

    `others` are processes of the site that no machine has, such as functions. Used as a context manager, for it
    keeps programs that look into the databases.
    """

    machines: Mapping[str, Machine]
    demo: Machine
    others: Sequence[Server] = ()
    _lookers: dict[int, Popen[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for looker in self._lookers.values():
            looker.communicate()
        self._lookers.clear()

    def mails(self, *, to: str) -> list[str]:
        """The text of every e-mail printed for somebody, oldest first."""
        parsed = (
            email.message_from_string(text.rsplit("\n", 1)[0], policy=email.policy.default)
            for text in MAIL.findall(self.log())
        )
        return [message.get_body(("plain",)).get_content() for message in parsed if to in str(message["To"])]

    def log(self) -> str:
        """What all processes printed."""
        return "".join(process.output() for process in (*self._distinct(), *self.others))

    def passwords(self) -> dict[str, str]:
        """How the demo people sign in, by e-mail address."""
        return parse_passwords(self.demo.kept("demo/sign-ins.txt"))

    def manage(self, context: str, *arguments: str) -> str:
        """Runs `manage.py` where a context lives; what it printed."""
        return self.machines[context].manage(*arguments).stdout

    def behind(self) -> dict[str, Any]:
        """By context: the `events` it said and the `jobs` it has or had, oldest first, and the size of its `tables`."""
        with ThreadPoolExecutor() as pool:
            told = list(pool.map(self._rows, self._distinct()))
        return {context: found for one in told for context, found in one.items()}

    def _rows(self, machine: Machine) -> dict[str, Any]:
        looker = self._lookers.get(id(machine)) or self._lookers.setdefault(id(machine), machine.talk(ROWS))
        assert looker.stdin
        assert looker.stdout
        looker.stdin.write("\n")
        looker.stdin.flush()
        told = looker.stdout.readline()
        assert told, (
            f"What looks into the databases ended with {looker.wait()}; it says why on standard error."
        )
        found: dict[str, Any] = json.loads(told)
        return found

    def _distinct(self) -> list[Machine]:
        return list({id(machine): machine for machine in self.machines.values()}.values())


@dataclass
class Place:
    """Where journeys go. `name` is the topology's."""

    name: str
    url: str
    probe: Probe


def is_idle(place: Place) -> bool:
    """Whether every event has been carried and every job done. Raises AssertionError when one was parked."""
    rows = [row for found in place.probe.behind().values() for row in (*found["events"], *found["jobs"])]
    assert not [row for row in rows if row["status"] == "parked"]
    return all(row["status"] == "done" for row in rows)


def eventually(look: Callable[[], Found], seconds: float = 30, *, pause: float = 0.2) -> Found:
    """The first true answer of `look`. Raises TimeoutError when there is none in time."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(pause)
    return found
