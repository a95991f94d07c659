"""Celery on a real Redis that loses messages: the rows are the truth, so nothing is lost and nothing done twice."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis

from tests import servers
from tests.seam.workplace import Workplace, workplace

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("seam-processes")]

QUEUE = "offshoot.catalog"


@pytest.fixture
def broker() -> Iterator[servers.Redis]:
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with workplace(tmp_path_factory.mktemp("celery"), None) as place:
        yield place


@pytest.fixture
def place(shared: Workplace, broker: servers.Redis) -> Iterator[Workplace]:
    shared.env["REDIS_URL"] = broker.url()
    yield shared
    shared.clear()


@pytest.fixture
def queue(broker: servers.Redis) -> Iterator[redis.Redis]:
    with redis.Redis(port=broker.port) as client:
        yield client


def test_messages_that_are_lost_are_sent_again(place: Workplace, queue: redis.Redis) -> None:
    place.start("relay")
    place.manage("probe", "ask", "20", "0")
    place.wait(lambda: queue.llen(QUEUE) == 20, "20 messages queued")
    queue.flushall()
    place.start("worker")
    place.wait(lambda: place.done() >= 20, "20 jobs done")
    assert place.twice() == []


def test_a_worker_that_is_killed_in_the_middle_did_nothing_and_another_does_it_once(
    place: Workplace, queue: redis.Redis
) -> None:
    place.start("relay")
    worker = place.start("worker")
    place.manage("probe", "ask", "2", "60")
    place.wait(lambda: place.begun() == 2, "both jobs began")
    worker.kill()
    assert place.done() == 0
    place.start("worker")
    place.wait(lambda: place.done() == 2, "both jobs were done")
    time.sleep(1)
    assert place.twice() == []


def test_told_to_stop_a_worker_finishes_what_it_holds(place: Workplace, queue: redis.Redis) -> None:
    place.start("relay")
    worker = place.start("worker", "--concurrency", "1")
    place.manage("probe", "ask", "1", "3")
    place.wait(lambda: place.begun() == 1, "the job began")
    assert worker.stop() == 0
    assert place.done() == 1


def test_a_backlog_is_not_flooded_with_second_messages(place: Workplace, queue: redis.Redis) -> None:
    place.manage("probe", "ask", "250", "0")
    place.start("relay")
    place.wait(lambda: queue.llen(QUEUE) == 100, "the queue is as full as it may be")
    for _look in range(30):  # longer than it takes to send again
        assert queue.llen(QUEUE) == 100
        time.sleep(0.2)
    place.start("worker")
    place.wait(lambda: place.done() >= 250, "250 jobs done")
    assert place.twice() == []


def test_a_broker_that_is_away_keeps_no_event_waiting_and_is_found_again(
    place: Workplace, broker: servers.Redis
) -> None:
    broker.kill()
    relay = place.start("relay")
    place.manage("probe", "say", "5", "1")
    done = "SELECT COUNT(*) FROM catalog_outboxevent WHERE status = 'done'"
    place.wait(lambda: place.number("catalog", done) == 5, "5 events handed over")
    place.wait(lambda: "dispatch: " in relay.output(), "the relay says the broker is away")
    broker.start()
    place.start("worker")
    place.wait(lambda: place.done("media") >= 5, "5 events heard")
    assert place.twice("media") == []
