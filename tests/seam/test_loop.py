"""Loops that go on after trouble, end when told to, and never end alone; and what the relay does between events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from seam import Job, dispatch, loop
from seam.dispatch import WINDOW, carrier, dispatch_once
from seam.jobs import run_due
from seam.loop import LoopDied, poll, run_loops
from seam.management.commands.relay import KEEP_JOBS, purge_old
from seam.registry import registry
from tests.seam.jobs import ask, having, jobs, leave_mark, make_due


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TROUBLE_SLEEP", 0.01)


def poll_elsewhere(*args: Any, **options: Any) -> None:
    """In a thread of its own, as it runs: it closes the connections of its thread at the end."""
    thread = threading.Thread(target=poll, args=args, kwargs=options)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def test_it_goes_on_after_trouble_and_tells_it_in_full_once(caplog: pytest.LogCaptureFixture) -> None:
    stop, calls = threading.Event(), []

    def step() -> int:
        calls.append(1)
        if len(calls) == 5:
            stop.set()
        if len(calls) < 4:
            raise OSError("the database is away")
        return 1

    poll_elsewhere(step, stop)
    assert len(calls) == 5
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [bool(record.exc_info) for record in told] == [True, False, False]
    assert told[0].getMessage() == "step: the database is away; again in 0.01 s"


def test_told_to_stop_it_begins_nothing() -> None:
    stop, calls = threading.Event(), []
    stop.set()
    poll_elsewhere(lambda: calls.append(1) or 1, stop)
    assert calls == []


def test_with_nothing_to_do_it_sleeps_and_still_hears_that_it_should_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    calls: list[int] = []

    def step() -> int:
        calls.append(1)
        return 0

    poll_elsewhere(step, stop, idle=3600)
    assert len(calls) == 1


def test_a_loop_that_ends_alone_ends_them_all() -> None:
    stop = threading.Event()
    with pytest.raises(LoopDied):
        run_loops([lambda: None, stop.wait], stop)  # type: ignore[list-item]
    assert stop.is_set()


def test_loops_that_were_told_to_end_have_not_died() -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    run_loops([stop.wait, stop.wait], stop)  # type: ignore[list-item]


class Belt:
    """A carrier that holds what it was given."""

    def __init__(self, waiting: int = 0) -> None:
        self.held = waiting
        self.sent: list[tuple[str, str, UUID, int]] = []
        self.sent_to: list[str] = []
        self.forgotten: list[str] = []

    def waiting(self, *, queue: str) -> int:
        return self.held

    def send(self, *, queue: str, context: str, row_id: UUID, attempt: int, worker: str = "") -> None:
        if worker:
            self.sent_to.append(worker)
            return
        self.sent.append((queue, context, row_id, attempt))
        self.held += 1

    def forget(self, *, worker: str) -> None:
        self.forgotten.append(worker)

    def work(self, *, queues: Sequence[str], concurrency: int, worker: str) -> None:
        raise NotImplementedError


plain = Job("catalog.plain", effect=leave_mark)


@pytest.mark.django_db(databases="__all__")
class TestDispatching:
    def test_due_jobs_are_sent_with_the_number_of_their_attempt(self) -> None:
        belt = Belt()
        with having(plain):
            ask("catalog.plain")
            ask("catalog.plain", due_at=timezone.now() + timedelta(hours=1))
            assert dispatch_once(registry["catalog"], belt) == 1
            assert dispatch_once(registry["catalog"], belt) == 0
        first = jobs()[0]
        assert belt.sent == [("offshoot.catalog", "catalog", first.pk, 1)]

    @pytest.mark.parametrize(("waiting", "sent"), [(WINDOW - 3, 3), (WINDOW, 0), (WINDOW + 50, 0)])
    def test_a_full_queue_gets_no_more(self, waiting: int, sent: int) -> None:
        belt = Belt(waiting)
        with having(plain):
            for _job in range(5):
                ask("catalog.plain")
            assert dispatch_once(registry["catalog"], belt) == sent

    def test_what_was_lost_is_sent_again(self) -> None:
        belt = Belt()
        with having(plain):
            ask("catalog.plain")
            dispatch_once(registry["catalog"], belt)
            make_due(jobs())
            dispatch_once(registry["catalog"], belt)
        assert len(belt.sent) == 2
        assert len(set(belt.sent)) == 1

    def test_the_relay_clears_what_is_old(self) -> None:
        with having(plain):
            ask("catalog.plain")
            run_due(registry["catalog"])
        assert purge_old() == 0
        jobs().update(due_at=timezone.now() - KEEP_JOBS - timedelta(hours=1))
        assert purge_old() == 1


def test_without_a_broker_nothing_carries(settings: Any) -> None:
    settings.JOB_CARRIER = ""
    assert carrier() is None


def test_with_one_it_is_the_module_that_the_settings_name(settings: Any) -> None:
    settings.JOB_CARRIER = "seam.dispatch"
    assert carrier() is dispatch
