"""Fixtures for the tests of a context: its contract through every binding, its events and jobs run to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from monolith.wiring import BINDINGS, bind_all
from seam.binding import bind
from seam.jobs import run_due
from seam.outbox import relay_once
from seam.registry import registry
from tests import remotely

ROUNDS = 100
REMOTE = "remote"


@pytest.fixture(params=[*sorted(BINDINGS), REMOTE])
def binding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test runs once per binding; `use(…)` gives whoever keeps a contract through it.

    Through `remote` each read is sent twice, and each event reaches its subscribers twice more, by gRPC.
    """
    if request.param != REMOTE:
        bind_all(request.param)
        yield request.param
    else:
        with remotely.served(*remotely.everything()) as peer:
            for served in registry:
                bind(served.contract, remotely.bound(served.contract, served.service, peer))
            monkeypatch.setattr(registry, "receivers", remotely.delivered_twice(peer))
            yield request.param
    bind_all(settings.BINDING)


@pytest.fixture
def settle() -> Callable[[], None]:
    """Call it to hand over all events and run all jobs that are due, as relay and worker would.

    Raises AssertionError when one of them failed: what it said stands in the message.
    """

    def run_until_nothing_is_due() -> None:
        for _round in range(ROUNDS):
            if not sum(relay_once(served) + run_due(served, limit=20) for served in registry):
                break
        else:
            raise AssertionError(
                f"Still something to do after {ROUNDS} rounds: do two jobs ask for each other?"
            )
        tables = [table for served in registry for table in (served.outbox, served.job_table)]
        failed = [row for t in tables for row in t._default_manager.exclude(last_error="")]
        assert not failed, "\n".join(f"{row}: {row.last_error}" for row in failed)

    return run_until_nothing_is_due
