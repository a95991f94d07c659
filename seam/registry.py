"""What the composition root told us about the contexts; filled once at start-up, read everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from seam.contract import Contract
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

    @property
    def name(self) -> str:
        return self.contract.name


@dataclass
class Registry:
    """Contexts by name. `default_alias` takes whatever belongs to no context (Django's own apps)."""

    default_alias: str = "default"
    contracts: dict[str, Contract] = field(default_factory=dict)
    _served: dict[str, Served] = field(default_factory=dict)
    _alias_of_label: dict[str, str] = field(default_factory=dict)

    def declare(self, contract: Contract) -> None:
        """Make a contract known, whether this process serves it or not."""
        self.contracts[contract.name] = contract

    def add(self, served: Served) -> None:
        self.declare(served.contract)
        self._served[served.name] = served
        self._alias_of_label[served.label] = served.alias

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

    def alias_of_label(self, label: str) -> str:
        return self._alias_of_label.get(label, self.default_alias)

    def subscribers(self, event: type) -> list[tuple[Served, Job]]:
        """Who here wants to hear of `event`, with what they do about it."""
        return [(served, job) for served in self for job in served.jobs.values() if job.hears is event]

    def event_class(self, name: str) -> type | None:
        """The class of the event called `name`, whoever declares it."""
        return next((c.events[name] for c in self.contracts.values() if name in c.events), None)


registry = Registry()
