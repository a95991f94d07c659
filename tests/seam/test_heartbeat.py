"""Heartbeats: each worker proves itself, who can't be blamed isn't, and nobody's rows pile up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from seam import Job, heartbeat
from seam.dispatch import WINDOW, dispatch_once, forget_once
from seam.heartbeat import FORGOTTEN, Watch, name_of
from seam.jobs import run_by_id, run_due
from seam.registry import registry
from seam.rows import Status, claim
from tests.seam.jobs import ask, having, leave_mark, make_due
from tests.seam.test_loop import Belt
from tests.seam.workplace import workplace
from tests.servers import CONTEXTS, ROOT

CATALOG = "catalog"
LONG = 3600.0

plain = Job("catalog.plain", effect=leave_mark)
beat = Job("catalog.heartbeat", effect=lambda data, result: None)


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass on the clock the watch goes by. Nobody has worked for long."""
    monkeypatch.setattr(heartbeat, "_worked", bytearray(8))
    now = [time.monotonic()]
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: now[0])

    def let_pass(seconds: float) -> None:
        now[0] += seconds

    let_pass(LONG)
    return let_pass


def watch(worker: str = "w1", *, carried: bool = False) -> Watch:
    return Watch(worker, [registry[CATALOG]], carried=carried)


def beats() -> Any:
    return registry[CATALOG].job_table._default_manager.filter(name=name_of(CATALOG)).order_by("key")


def due_ago(seconds: float) -> None:
    beats().update(due_at=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.django_db(databases="__all__")
class TestOneWorker:
    def test_what_it_answers_is_one_row_again_and_again(self, passing: Callable[[float], None]) -> None:
        with having(plain, beat):
            asking = watch()
            for _round in range(3):
                assert asking.look() == []
                assert run_due(registry[CATALOG], worker="w1") == 1
                due_ago(11)
                passing(20)
        assert beats().get().status == Status.DONE

    def test_right_after_an_answer_it_is_not_asked_again(self) -> None:
        with having(plain, beat):
            asking = watch()
            asking.look()
            run_due(registry[CATALOG], worker="w1")
            asking.look()
        assert beats().get().status == Status.DONE

    def test_one_that_answers_nothing_is_told_of_after_thirty_seconds(
        self, passing: Callable[[float], None]
    ) -> None:
        asking = watch()
        asking.look()
        asking.look()
        passing(29)
        assert asking.look() == []
        passing(2)
        assert asking.look() == [
            "catalog's jobs stand still for 31 s: this worker does not answer a heartbeat."
        ]

    def test_what_another_worker_does_says_nothing_of_this_one(
        self, passing: Callable[[float], None]
    ) -> None:
        with having(plain, beat):
            deaf, hearing = watch("w1"), watch("w2")
            for _round in range(5):
                hearing.look()
                run_due(registry[CATALOG], worker="w2", limit=5)
                found = deaf.look()
                passing(11)
        assert found
        assert [row.status for row in beats()] == [Status.WAITING, Status.DONE]

    def test_one_that_does_other_jobs_is_only_busy(self, passing: Callable[[float], None]) -> None:
        with having(plain):
            asking = watch()
            asking.look()
            asking.look()
            passing(40)
            ask("catalog.plain")
            assert run_due(registry[CATALOG], worker="nobody") == 1
            assert asking.look() == []
            passing(31)
            assert asking.look()

    def test_a_heartbeat_that_was_never_handed_out_is_the_brokers_fault(
        self, passing: Callable[[float], None]
    ) -> None:
        asking = watch(carried=True)
        asking.look()
        asking.look()
        passing(40)
        due_ago(6)
        assert asking.look() == []
        passing(29)
        due_ago(0)  # handed out at last
        assert asking.look() == []
        passing(31)
        assert asking.look()

    def test_a_database_that_is_away_is_not_its_fault(
        self, passing: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asking = watch()
        asking.look()
        asking.look()
        passing(40)
        with monkeypatch.context() as patch:
            patch.setattr(asking, "_is_answered", raising_operational_error)
            assert asking.look() == []
        assert asking.look() == []

    def test_one_that_ends_leaves_no_row(self) -> None:
        asking = watch()
        asking.look()
        asking.end()
        assert not beats().exists()


def raising_operational_error(*_: Any) -> None:
    raise OperationalError("the database is away")


@pytest.mark.django_db(databases="__all__")
class TestCarrying:
    def test_a_heartbeat_goes_to_its_worker_though_the_queue_is_full(self) -> None:
        belt = Belt(WINDOW)
        with having(plain, beat):
            ask("catalog.plain")
            watch("w7").look()
            assert dispatch_once(registry[CATALOG], belt) == 1
            assert (belt.sent_to, belt.sent) == (["w7"], [])
            run_by_id(CATALOG, beats().get().pk, 1)
        assert beats().get().status == Status.DONE

    def test_threads_leave_the_heartbeats_of_others_alone(self) -> None:
        with having(plain, beat):
            watch("w1").look()
            assert run_due(registry[CATALOG], worker="w2") == run_due(registry[CATALOG]) == 0

    def test_a_broker_that_fails_halfway_leaves_the_rest_as_due_as_it_was(self) -> None:
        class Breaking(Belt):
            def send(self, **options: Any) -> None:
                if self.sent:
                    raise OSError("gone")
                super().send(**options)

        with having(plain):
            for _job in range(3):
                ask("catalog.plain")
            with pytest.raises(OSError, match="gone"):
                dispatch_once(registry[CATALOG], Breaking())
            assert len(claim(registry[CATALOG].job_table, limit=5)) == 2

    def test_workers_that_are_gone_are_forgotten(self) -> None:
        belt = Belt()
        watch("alive").look()
        watch("gone").look()
        beats().filter(key="gone").update(created_at=timezone.now() - FORGOTTEN - timedelta(seconds=1))
        make_due(beats())
        with having(plain, beat):
            dispatch_once(registry[CATALOG], belt)
            forget_once(registry[CATALOG], belt)
        assert (belt.sent_to, belt.forgotten) == (["alive"], ["gone"])
        assert [row.key for row in beats()] == ["alive"]

    def test_a_worker_that_still_waits_is_not_forgotten(self) -> None:
        asking = watch()
        asking.look()
        beats().update(created_at=timezone.now() - FORGOTTEN + timedelta(seconds=10))
        asking.look()
        assert timezone.now() - beats().get().created_at < timedelta(seconds=10)


@pytest.mark.django_db(databases="__all__")
class TestTheWholeSite:
    def test_where_nobody_ever_worked_it_says_so(self) -> None:
        with pytest.raises(
            CommandError, match="catalog's jobs stand still: no worker is known to have run them"
        ):
            call_command("healthy")

    def test_it_tells_whose_jobs_stand_still_and_since_when(self) -> None:
        for served in registry:
            served.job_table._default_manager.create(
                name=name_of(served.name), key="w1", status=Status.DONE, done_at=timezone.now()
            )
        out = StringIO()
        call_command("healthy", stdout=out)
        assert out.getvalue() == f"Jobs are done: {', '.join(CONTEXTS)}.\n"
        beats().update(done_at=timezone.now() - timedelta(seconds=45))
        with pytest.raises(CommandError, match=r"\Acatalog's jobs stand still for 45 s: no worker finished"):
            call_command("healthy")


class TestSignsOfLife:
    def healthy(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "bin/healthy", *arguments]
        env = os.environ | {"LIFE_DIR": str(folder)}
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    def test_a_fresh_one_is_enough(self, tmp_path: Path) -> None:
        life = heartbeat.SignOfLife(tmp_path / "life")
        life.give()
        done = self.healthy(tmp_path / "life", "worker")
        assert done.returncode == 0
        assert re.fullmatch(rf"worker-{os.getpid()}: at work \d+ s ago\.\n", done.stdout)
        life.end()
        assert self.healthy(tmp_path / "life", "worker").returncode == 1

    def test_an_old_one_is_none_and_those_of_processes_that_were_killed_do_not_count(
        self, tmp_path: Path
    ) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        (tmp_path / f"worker-{ended.pid}").touch()
        assert "No worker runs here" in self.healthy(tmp_path, "worker").stderr
        old = tmp_path / f"worker-{os.getpid()}"
        old.touch()
        os.utime(old, (time.time() - 40, time.time() - 40))
        done = self.healthy(tmp_path, "worker")
        assert done.returncode == 1
        assert re.fullmatch(rf"worker-{os.getpid()} has given no sign of life for 4\d s\.\n", done.stderr)

    def test_of_anything_else_it_says_what_it_knows(self, tmp_path: Path) -> None:
        done = self.healthy(tmp_path, "relay")
        assert (done.returncode, done.stderr) == (
            1,
            "relay: it is web or worker whose health can be asked.\n",
        )


@pytest.mark.slow
@pytest.mark.xdist_group("seam-processes")
def test_a_worker_whose_threads_hang_beyond_their_jobs_time_limit_ends_with_a_sentence(
    tmp_path: Path,
) -> None:
    with workplace(tmp_path, None) as place:
        place.env["PROBE_TIME_LIMIT"] = "2"
        worker = place.start("worker", "--concurrency", "1")
        place.manage("probe", "ask", "1", "600")
        place.wait(lambda: place.begun() == 1, "the job began")
        assert place.healthy() == 0
        place.wait(lambda: worker.process.poll() is not None, "the worker ended")
        assert worker.process.returncode == 1
        assert "jobs stand still for" in worker.output()
        assert place.healthy() == 1
