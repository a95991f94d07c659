"""Relays and workers as they run, on SQLite and MariaDB, killed in the middle: nothing lost, nothing done twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial

import pytest

from tests.seam.workplace import Workplace, workplace

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("seam-processes")]


OURS = "FROM catalog_job WHERE name = 'catalog.probe'"


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    database = request.getfixturevalue("mariadb") if request.param == "mariadb" else None
    with workplace(tmp_path_factory.mktemp(request.param), database) as place:
        yield place


@pytest.fixture
def place(shared: Workplace) -> Iterator[Workplace]:
    yield shared
    shared.clear()


def test_of_sixteen_writers_two_relays_miss_nothing(place: Workplace) -> None:
    place.start("relay")
    place.start("relay")
    place.start("worker", "--concurrency", "3")
    place.manage("probe", "say", "320", "16")
    place.wait(lambda: place.done("media") >= 320, "320 events heard")
    assert place.twice("media") == []
    assert place.sql("catalog", "SELECT status, COUNT(*) FROM catalog_outboxevent GROUP BY status") == [
        ("done", "320")
    ]


def test_a_relay_that_is_killed_again_and_again_loses_nothing(place: Workplace) -> None:
    handed_over = "SELECT COUNT(*) FROM catalog_outboxevent WHERE status = 'done'"
    for said in (1600, 3200, 4800):
        place.manage("probe", "say", "1600", "4")
        relay, before = place.start("relay"), place.number("catalog", handed_over)
        place.wait(partial(place.is_above, before, "catalog", handed_over), "the relay began", every=0.01)
        relay.kill()
        assert place.number("catalog", handed_over) < said
    place.start("relay")
    place.wait(partial(place.is_above, said - 1, "catalog", handed_over), f"{said} events handed over")
    assert place.number("media", "SELECT COUNT(*) FROM media_job") == said


def test_a_worker_that_is_killed_in_the_middle_did_nothing_and_another_does_it_once(place: Workplace) -> None:
    place.manage("probe", "ask", "1", "60")
    worker = place.start("worker")
    place.wait(lambda: place.begun() == 1, "the job began")
    worker.kill()
    assert place.done() == 0
    place.start("worker")
    place.wait(lambda: place.done() == 1, "the job was done")
    assert place.begun() == 2
    assert place.sql("catalog", f"SELECT status, attempts {OURS}") == [("done", "2")]


def test_long_work_is_begun_once_though_others_look_for_work(place: Workplace) -> None:
    """It takes more than twice the lease."""
    place.manage("probe", "ask", "1", "7")
    place.start("worker")
    place.start("worker")
    place.wait(lambda: place.done() == 1, "the job was done")
    assert place.begun() == 1


def test_told_to_stop_a_worker_finishes_what_it_holds_and_begins_nothing(place: Workplace) -> None:
    place.manage("probe", "ask", "3", "2")
    worker = place.start("worker", "--concurrency", "1")
    place.wait(lambda: place.begun() == 1, "a job began")
    assert worker.stop() == 0
    assert "worker: stopped" in worker.output()
    assert (place.begun(), place.done()) == (1, 1)
    left = place.sql(
        "catalog",
        f"SELECT attempts, lease_until IS NULL {OURS} AND status = 'waiting'",
    )
    assert left == [("0", "1"), ("0", "1")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_a_relay_stops(place: Workplace, number: signal.Signals) -> None:
    relay = place.start("relay")
    place.wait(lambda: "relay: carrying events" in relay.output(), "the relay started")
    assert relay.process is not None
    relay.process.send_signal(number)
    assert relay.process.wait(30) == 0
    assert "relay: stopped" in relay.output()
