"""Celery as the carrier of jobs: a queue per context, one task, and rows as the truth behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from celery import Celery, Task
from django.conf import settings

from seam.jobs import run_by_id

# Longer than any job: a message comes back by itself only after it, and the row long before.
VISIBILITY_TIMEOUT = 3600
TASK_TIME_LIMIT = 1800

app = Celery("offshoot", broker=settings.CELERY_BROKER_URL)
app.conf.update(
    # These lose least of the messages; what is lost all the same, the relay sends again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=TASK_TIME_LIMIT,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,  # its row is done with or without the broker
    worker_soft_shutdown_timeout=settings.DRAIN_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        "socket_connect_timeout": 1,
        "socket_timeout": 10,
        "health_check_interval": 10,
    }
    if settings.CELERY_BROKER_URL.startswith("redis")
    else {},
)
app.set_default()


@app.task(name="offshoot.run_job")
def run_job(context: str, row_id: str, attempt: int) -> None:
    run_by_id(context, UUID(row_id), attempt)


def waiting(*, queue: str) -> int:
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue, durable=True, auto_delete=False).message_count)


def send(*, queue: str, context: str, row_id: UUID, attempt: int) -> None:
    task: Task = run_job
    task.apply_async((context, str(row_id), attempt), queue=queue, retry=False)


def work(*, queues: Sequence[str], concurrency: int) -> None:
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(queues)}",
            f"--concurrency={concurrency}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=WARNING",
        ]
    )
