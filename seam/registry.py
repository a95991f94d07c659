"""What the composition root told us about the contexts; filled once at start-up, read everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seam.contract import Contract, context_of, event_name
from seam.messages import Messages

if TYPE_CHECKING:
    from types import ModuleType

    from seam.codec import Codec
    from seam.credentials import Credentials
    from seam.events import Events
    from seam.jobs import Job
    from seam.models import Job as JobRow
    from seam.models import OutboxEvent


@dataclass(frozen=True)
class Served:
    """A context this process serves: its promise, who keeps it, its tables and what it does."""

    contract: Contract
    label: str
    alias: str
    service: ModuleType
    outbox: type[OutboxEvent]
    job_table: type[JobRow]
    jobs: Mapping[str, Job]
    queue: str = ""
    # Aliases of copies that are kept up to date by the database, each a moment late.
    replicas: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.contract.name


@dataclass
class Registry:
    """Contexts by name. `default_alias` takes whatever belongs to no context (Django's own apps).

    `credentials` are how other processes know this one, None where there are none; `receivers` are those to whom
    events are handed by their addresses.
    """

    default_alias: str = "default"
    contracts: dict[str, Contract] = field(default_factory=dict)
    messages: dict[str, Messages] = field(default_factory=dict)
    credentials: Credentials | None = None
    receivers: dict[str, Events] = field(default_factory=dict)
    _served: dict[str, Served] = field(default_factory=dict)
    _by_label: dict[str, Served] = field(default_factory=dict)

    def declare(self, contract: Contract) -> None:
        """Make a contract known, whether this process serves it or not."""
        self.contracts[contract.name] = contract
        self.messages[contract.name] = Messages(contract)

    def add(self, served: Served) -> None:
        self._served[served.name] = served
        self._by_label[served.label] = served

    def __getitem__(self, name: str) -> Served:
        try:
            return self._served[name]
        except KeyError:
            served = ", ".join(self._served) or "nothing yet"
            raise LookupError(f"This process does not serve {name!r}; it serves {served}.") from None

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def __contains__(self, name: object) -> bool:
        return name in self._served

    def served_of_label(self, label: str) -> Served | None:
        return self._by_label.get(label)

    def alias_of_label(self, label: str) -> str:
        served = self._by_label.get(label)
        return served.alias if served else self.default_alias

    def context_of_label(self, label: str) -> str:
        """The context whose tables carry an app label. Raises KeyError for a label of no context here."""
        return self._by_label[label].name

    def subscribers(self, event: str) -> list[tuple[Served, Job]]:
        """Who here wants to hear of the event of that name, with what they do about it."""
        jobs = ((served, job) for served in self for job in served.jobs.values())
        return [(served, job) for served, job in jobs if job.hears and event_name(job.hears) == event]

    def event_codec(self, name: str) -> Codec:
        """How the event of that name is written and read. Raises LookupError where no contract here declares it."""
        messages = self.messages.get(context_of(name))
        if messages is None or name not in messages.event:
            raise LookupError(f"No contract here declares the event {name!r}.")
        return messages.event[name]


registry = Registry()
