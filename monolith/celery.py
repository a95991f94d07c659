"""Celery as the carrier of jobs: a queue per context and one per worker, one task, and rows as the truth behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from celery import Celery
from celery.utils.nodenames import worker_direct
from celery.worker.consumer import Consumer
from django.conf import settings
from kombu import Connection, Queue
from kombu.transport import redis, virtual

from seam.jobs import run_by_id

# Longer than any job may take. A message that was not acknowledged comes back by itself later than that: at a Redis
# after VISIBILITY_TIMEOUT, at RabbitMQ after its `consumer_timeout`, half an hour by default. The row long before.
TASK_TIME_LIMIT = 1500
VISIBILITY_TIMEOUT = 3600
# How long the relay waits for the broker's answer.
ANSWER_SECONDS = 5
# Between a worker's attempts to find its broker again; Celery's own pauses grow to 30 s.
RECONNECT_SECONDS = 2

IS_REDIS = settings.CELERY_BROKER_URL.startswith("redis")
OF_REDIS = {
    "visibility_timeout": VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
    "health_check_interval": 10,
}
OF_RABBITMQ = {"confirm_publish": True}
# Who only asks and sends waits no longer for an answer; a worker waits for ever, and its heartbeat tells it.
OF_SENDER = {} if IS_REDIS else {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}

app = Celery("offshoot", broker=settings.CELERY_BROKER_URL)
app.conf.update(
    # These lose least of the messages; what is lost all the same, the relay sends again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=TASK_TIME_LIMIT,
    worker_pool="prefork",
    worker_hijack_root_logger=False,  # lines as of every other process
    worker_redirect_stdouts=False,  # a mail that is printed stays a mail, not a warning for each of its lines
    worker_prefetch_multiplier=1,
    worker_direct=True,  # a queue of each worker's own, for what only it is asked
    worker_consumer="monolith.celery:PatientConsumer",
    worker_cancel_long_running_tasks_on_connection_loss=False,  # its row is done with or without the broker
    worker_soft_shutdown_timeout=settings.DRAIN_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_heartbeat=10,  # between RabbitMQ and a worker, in seconds
    broker_transport_options=OF_REDIS if IS_REDIS else OF_RABBITMQ,
)
app.set_default()


class PatientConsumer(Consumer):
    """Looks for a broker that is away again and again, at even pauses."""

    def ensure_connected(self, connection: Any) -> Connection:
        def evenly(*args: Any, **options: Any) -> Connection:
            pauses = {"interval_start": RECONNECT_SECONDS, "interval_step": 0}
            return ensure(*args, **options | pauses)

        ensure: Callable[..., Connection] = connection.ensure_connection
        connection.ensure_connection = evenly
        return super().ensure_connected(connection)


class PatientQoS(redis.QoS):
    """Holds no message whose end a Redis didn't hear of.

    Kombu's own does, so that a worker which may hold one takes none ever again. The Redis hands such a message out a
    second time, after VISIBILITY_TIMEOUT, and the row says that nothing is left to do.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


redis.Channel.QoS = PatientQoS


@app.task(name="offshoot.run_job")
def run_job(context: str, row_id: str, attempt: int) -> None:
    run_by_id(context, UUID(row_id), attempt)


_of_thread = threading.local()


@contextmanager
def broker() -> Iterator[Connection]:
    """The connection of this thread; after any trouble with it the next block has a new one."""
    connection = getattr(_of_thread, "connection", None) or app.connection_for_write(
        transport_options=OF_SENDER
    )
    _of_thread.connection = connection
    try:
        yield connection
    except Exception:
        _of_thread.connection = None
        connection.collect(socket_timeout=1)
        raise


def waiting(*, queue: str) -> int:
    with broker() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue, durable=True, auto_delete=False).message_count)


def send(*, queue: str, context: str, row_id: UUID, attempt: int, worker: str = "") -> None:
    task: Any = run_job  # its types know not all that it takes
    to: str | Queue = worker_direct(worker) if worker else queue
    with broker() as connection:
        task.apply_async(
            (context, str(row_id), attempt),
            queue=to,
            connection=connection,
            retry=False,
            confirm_timeout=ANSWER_SECONDS,
        )


def forget(*, worker: str) -> None:
    with broker() as connection:
        queue = worker_direct(worker)(connection.default_channel)
        queue.declare()  # at a Redis only what was declared can be deleted
        queue.delete()


def work(*, queues: Sequence[str], concurrency: int, worker: str) -> None:
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(queues)}",
            f"--concurrency={concurrency}",
            f"--hostname={worker}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",  # to whoever watches workers; it waits for a broker without end
            "--loglevel=WARNING",
        ]
    )
