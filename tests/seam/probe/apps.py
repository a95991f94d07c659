"""Adds the probe's jobs to catalog and media, and makes a killed process be noticed sooner."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.db import connections


class ProbeConfig(AppConfig):
    name = "tests.seam.probe"
    label = "probe"

    def ready(self) -> None:
        from apps.catalog.contract import ItemWithdrawn
        from seam import Job, dispatch, heartbeat, rows
        from seam.jobs import by_name
        from seam.registry import registry

        if not os.environ.get("PROBE_UNHURRIED"):
            rows.LEASE = timedelta(seconds=3)
            dispatch.AGAIN_AFTER = timedelta(seconds=4)
            dispatch.BEAT_AGAIN_AFTER = heartbeat.EVERY = timedelta(seconds=1)
            heartbeat.LATE = timedelta(seconds=10)
        ours = [
            Job(
                "catalog.probe",
                work=work,
                effect=effect,
                time_limit=int(os.environ.get("PROBE_TIME_LIMIT", "600")),
            ),
            Job("media.on_probe", hears=ItemWithdrawn, work=listen, effect=heard),
        ]
        for served in registry:
            mine = [job for job in ours if job.name.startswith(f"{served.name}.")]
            served.jobs.clear()  # type: ignore[attr-defined]
            served.jobs.update(by_name(served.name, mine))  # type: ignore[attr-defined]


def note(context: str, table: str, what: str) -> None:
    with connections[context].cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (what, pid) VALUES (%s, %s)", [what, os.getpid()])


def work(data: dict[str, Any]) -> dict[str, Any]:
    """The first time it takes `seconds`: long enough to be killed in the middle."""
    with connections["catalog"].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM probe_begun WHERE what = %s", [str(data["n"])])
        begun = cursor.fetchone()[0]
    note("catalog", "probe_begun", str(data["n"]))
    if not begun:
        time.sleep(data["seconds"])
    return {"n": data["n"]}


def effect(data: dict[str, Any], result: dict[str, Any]) -> None:
    note("catalog", "probe_done", str(result["n"]))


def listen(event: Any) -> None:
    time.sleep(float(os.environ.get("PROBE_SECONDS", "0")))


def heard(event: Any, result: None) -> None:
    """The row is there before the transaction ends, for as long as the work took."""
    note("media", "probe_done", event.slug)
    listen(event)
