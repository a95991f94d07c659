"""Which broker a site may have, what is said of any other, and that no job outlasts a message."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from monolith.topology import read_broker
from seam.registry import registry
from tests.servers import ROOT


def broker(monkeypatch: pytest.MonkeyPatch, url: str, redis: str = "") -> str:
    monkeypatch.setenv("CELERY_BROKER_URL", url)
    return read_broker(Env(), redis)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:secret@host:6379/0",
        "rediss://host/1",
        "amqp://guest:guest@host:5672//",
        "amqps://host/shop",
    ],
)
def test_redis_and_rabbitmq_may_carry_jobs(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert broker(monkeypatch, url) == url


def test_without_one_redis_is_the_broker_and_without_that_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert broker(monkeypatch, " ", "redis://cache/0") == "redis://cache/0"
    assert broker(monkeypatch, "") == ""


@pytest.mark.parametrize(
    "url",
    [
        "kafka://host:9092",
        "localhost:6379",
        "redis://",
        "amqp:///vhost",
        "redis://host:many/0",
        "sqs://",
        "🐇",
    ],
)
def test_any_other_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"it must be redis://.* amqp://user:password@host:5672/vhost"
    ):
        broker(monkeypatch, url)


def test_the_password_of_a_broker_that_is_refused_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        broker(monkeypatch, "http://user:verysecret@host")
    assert "verysecret" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1"])
def test_a_message_comes_back_later_than_any_job_ends(url: str) -> None:
    """Told by a process with that broker, for Celery's settings are made when it is imported."""
    tell = (
        "from django.conf import settings; settings.CELERY_BROKER_URL = %r;"
        "from monolith.celery import app; c = app.conf;"
        "print(c.task_time_limit, c.broker_transport_options.get('visibility_timeout', 1800), c.worker_pool,"
        " c.task_acks_late, c.task_reject_on_worker_lost, c.worker_prefetch_multiplier, c.task_ignore_result)"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", tell % url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    limit, comes_back, *rest = done.stdout.split()
    longest = max(job.time_limit for served in registry for job in served.jobs.values())
    assert longest < int(limit) < int(comes_back)
    assert rest == ["prefork", "True", "True", "1", "True"]
