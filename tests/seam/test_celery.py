"""Celery on real brokers that lose messages: the rows are the truth, so nothing is lost and nothing done twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from tests import servers
from tests.seam.workplace import Workplace, workplace

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("seam-processes")]

QUEUE = "offshoot.catalog"
TABLES = {"auth": "accounts_job", "media": "media_job", "catalog": "catalog_job"}
# Seconds of silence after which the probe takes a worker for deaf.
LATE = 10


@dataclass
class Broker:
    """A broker to be hurt, and how to look into it."""

    server: servers.Server
    url: str

    def waiting(self) -> int:
        with self.queue() as (_, declared):
            return int(declared.message_count)

    def empty(self) -> None:
        with self.queue() as (channel, _):
            channel.queue_purge(QUEUE)

    @contextmanager
    def queue(self) -> Iterator[Any]:
        with Connection(self.url) as connection:
            channel = connection.default_channel
            yield channel, channel.queue_declare(QUEUE, durable=True, auto_delete=False)


BOTH = pytest.mark.parametrize("shared_broker", ["redis", "rabbitmq"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def shared_broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    kind = getattr(request, "param", "redis")
    if kind == "rabbitmq" and not servers.HAS_RABBITMQ:
        pytest.skip(
            "RabbitMQ is not installed (Debian: rabbitmq-server), so jobs were carried by Redis only."
        )
    with getattr(servers, kind)() as server:
        yield Broker(server, server.url())


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    return shared_broker


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with workplace(tmp_path_factory.mktemp("celery"), None) as place:
        yield place


@pytest.fixture
def place(shared: Workplace, broker: Broker) -> Iterator[Workplace]:
    shared.env["CELERY_BROKER_URL"] = broker.url
    yield shared
    shared.clear()
    broker.empty()


@BOTH
def test_messages_that_are_lost_are_sent_again(place: Workplace, broker: Broker) -> None:
    place.start("relay")
    place.manage("probe", "ask", "20", "0")
    place.wait(lambda: broker.waiting() == 20, "20 messages queued")
    broker.empty()
    place.start("worker")
    place.wait(lambda: place.done() >= 20, "20 jobs done")
    assert place.twice() == []


def test_a_worker_that_is_killed_in_the_middle_did_nothing_and_another_does_it_once(
    place: Workplace, broker: Broker
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


def test_told_to_stop_a_worker_finishes_what_it_holds(place: Workplace, broker: Broker) -> None:
    place.start("relay")
    worker = place.start("worker", "--concurrency", "1")
    place.manage("probe", "ask", "1", "3")
    place.wait(lambda: place.begun() == 1, "the job began")
    assert worker.stop() == 0
    assert place.done() == 1


def test_a_backlog_is_not_flooded_with_second_messages(place: Workplace, broker: Broker) -> None:
    place.manage("probe", "ask", "250", "0")
    place.start("relay")
    place.wait(lambda: broker.waiting() == 100, "the queue is as full as it may be")
    for _look in range(30):  # longer than it takes to send again
        assert broker.waiting() == 100
        time.sleep(0.2)
    place.start("worker")
    place.wait(lambda: place.done() >= 250, "250 jobs done")
    assert place.twice() == []


@BOTH
def test_a_broker_that_is_away_keeps_no_event_waiting_and_is_found_again(
    place: Workplace, broker: Broker
) -> None:
    broker.server.kill()
    relay = place.start("relay")
    place.manage("probe", "say", "5", "1")
    done = "SELECT COUNT(*) FROM catalog_outboxevent WHERE status = 'done'"
    place.wait(lambda: place.number("catalog", done) == 5, "5 events handed over")
    place.wait(lambda: "dispatch: " in relay.output(), "the relay says the broker is away")
    broker.server.start()
    place.start("worker")
    place.wait(lambda: place.done("media") >= 5, "5 events heard")
    assert place.twice("media") == []


def test_a_worker_of_one_context_leaves_the_others_alone(place: Workplace) -> None:
    place.start("relay")
    place.start("worker", "--context", "media")
    place.manage("probe", "ask", "2", "0")
    place.manage("probe", "say", "3", "1")
    place.wait(lambda: place.done("media") == 3, "3 events heard in media")
    assert place.begun() == 0
    place.start("worker", "--context", "catalog")
    place.wait(lambda: place.done() == 2, "2 jobs done in catalog")


def test_a_worker_that_is_deaf_ends_with_a_sentence(place: Workplace, broker: Broker) -> None:
    """Its child processes are stopped: it is connected, takes messages, and does nothing."""
    place.start("relay")
    worker = place.start("worker", "--concurrency", "1")
    place.wait(lambda: beats(place) == TABLES.keys(), "a heartbeat of each context was done")
    assert place.healthy() == 0
    stopped = grandchildren(worker)
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    place.wait(lambda: worker.process.poll() is not None, "the worker ended")
    assert worker.process.returncode == 1
    assert "jobs stand still for" in worker.output()
    assert place.healthy() == 1
    assert not [process for process in stopped if is_running(process)]


@BOTH
def test_while_the_broker_hangs_no_worker_is_taken_for_deaf(place: Workplace, broker: Broker) -> None:
    relay, worker = place.start("relay"), place.start("worker", "--concurrency", "1")
    place.wait(lambda: beats(place) == TABLES.keys(), "a heartbeat of each context was done")
    os.killpg(broker.server.process.pid, signal.SIGSTOP)
    try:
        place.wait(lambda: "dispatch: " in relay.output(), "the relay says that the broker is away")
        time.sleep(LATE + 5)
        assert place.healthy() == 0
    finally:
        os.killpg(broker.server.process.pid, signal.SIGCONT)
    before = last_beat(place)
    place.wait(lambda: last_beat(place) > before, "the worker is heard again")
    assert worker.process.poll() is None


def test_a_job_that_ends_while_the_broker_hangs_leaves_its_worker_able_to_hear(
    place: Workplace, broker: Broker
) -> None:
    """Its message can't be acknowledged, and is the only one that the worker may hold."""
    place.start("relay")
    worker = place.start("worker", "--concurrency", "1")
    place.manage("probe", "ask", "1", "3")
    place.wait(lambda: place.begun() == 1, "the job began")
    broker.server.hang()
    try:
        place.wait(lambda: place.done() == 1, "the job was done")
        place.wait(lambda: "Couldn't ack" in worker.output(), "the worker gave up to acknowledge it")
    finally:
        broker.server.go_on()
    place.manage("probe", "ask", "1", "0")
    place.wait(lambda: place.done() == 2, "the next job was done")
    assert worker.process.poll() is None


def beats(place: Workplace) -> set[str]:
    """The contexts of which a heartbeat was done."""
    return {
        context
        for context, table in TABLES.items()
        if place.number(
            context, f"SELECT COUNT(*) FROM {table} WHERE name LIKE '%.heartbeat' AND status = 'done'"
        )
    }


def last_beat(place: Workplace) -> str:
    return place.sql("catalog", "SELECT MAX(done_at) FROM catalog_job WHERE name = 'catalog.heartbeat'")[0][0]


def grandchildren(worker: servers.Server) -> list[int]:
    """Celery's child processes, which do the jobs."""
    (celery,) = children(worker.process.pid)
    return children(celery)


def children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
