"""Jobs: their effect happens once, failures come back later or are parked, and nobody's stop is everybody's."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from apps.catalog.contract import ItemWithdrawn
from seam import Job, atomic, enqueue
from seam import rows as seam_rows
from seam.db import TransactionMisuse, open_transaction
from seam.jobs import UNKNOWN_ATTEMPTS, by_name, run, run_by_id, run_due
from seam.outbox import relay_once
from seam.registry import registry
from seam.request import current_request_id, request_id
from seam.rows import (
    Status,
    backoff,
    claim,
    discard,
    hand_out,
    purge,
    release,
    renewing,
    retry,
    take,
    take_back,
)
from tests.seam.jobs import ask, events, having, jobs, leave_mark, make_due, marks, media, raising, withdraw

pytestmark = pytest.mark.django_db(databases="__all__")

CATALOG = "catalog"
plain = Job("catalog.plain", effect=leave_mark)


def catalog_jobs() -> Any:
    return registry[CATALOG].job_table


def run_next() -> int:
    return run_due(registry[CATALOG])


class TestAsking:
    def test_outside_the_transaction_of_its_context_it_is_refused(self) -> None:
        with having(plain):
            with pytest.raises(TransactionMisuse, match=r"catalog\.plain must be enqueued inside"):
                enqueue("catalog.plain", {})
            with atomic("media"), pytest.raises(TransactionMisuse, match=r"inside atomic\('catalog'\)"):
                enqueue("catalog.plain", {})

    def test_a_job_nobody_wired_is_refused(self) -> None:
        with (
            having(),
            atomic(CATALOG),
            pytest.raises(LookupError, match=r"has no job called 'catalog\.plain'"),
        ):
            enqueue("catalog.plain", {})

    def test_what_is_rolled_back_was_never_asked(self) -> None:
        def ask_and_fail() -> None:
            with atomic(CATALOG):
                enqueue("catalog.plain", {})
                raise ZeroDivisionError

        with having(plain), pytest.raises(ZeroDivisionError):
            ask_and_fail()
        assert not jobs().exists()

    def test_the_same_key_is_kept_once_even_after_it_was_done(self) -> None:
        with having(plain):
            ask("catalog.plain", {"n": 1}, key="k")
            ask("catalog.plain", {"n": 2}, key="k")
            run_next()
            ask("catalog.plain", {"n": 3}, key="k")
            assert run_next() == 0
        assert [mark["of"] for mark in marks()] == ["{'n': 1}"]

    def test_without_a_key_each_is_one_more(self) -> None:
        with having(plain):
            ask("catalog.plain")
            ask("catalog.plain")
            assert jobs().count() == 2

    @pytest.mark.parametrize(
        ("data", "key", "error"),
        [
            ({"id": uuid4()}, None, TypeError),
            ({"ratio": float("nan")}, None, ValueError),
            ({"ratio": float("nan")}, "k", ValueError),
            ({}, "k" * 101, ValueError),
            ({}, "", ValueError),
        ],
    )
    def test_what_no_row_can_hold_is_refused(self, data: dict, key: str | None, error: type) -> None:
        with having(plain), pytest.raises(error):
            ask("catalog.plain", data, key=key)

    def test_a_later_one_waits_for_its_time(self) -> None:
        with having(plain):
            ask("catalog.plain", due_at=timezone.now() + timedelta(hours=1))
            assert run_next() == 0
            make_due(jobs())
            assert run_next() == 1


@pytest.mark.parametrize(
    "names", [["media.render"], ["catalog.a", "catalog.a"], ["catalog." + "a" * 100], ["a"]]
)
def test_names_that_can_not_be_are_refused_at_start(names: list[str]) -> None:
    with pytest.raises(ValueError, match="can't have a job called"):
        by_name(CATALOG, [Job(name, effect=leave_mark) for name in names])


class TestRunning:
    def test_work_comes_first_and_outside_any_transaction(self) -> None:
        seen = []

        def work(data: dict[str, Any]) -> dict[str, Any]:
            seen.append(open_transaction())
            return {"sum": data["a"] + 1}

        def effect(data: dict[str, Any], result: dict[str, Any]) -> None:
            seen.append(open_transaction())
            leave_mark(data, result)

        with having(Job("catalog.add", work=work, effect=effect)):
            ask("catalog.add", {"a": 1})
            assert run_next() == 1
        assert seen == [None, CATALOG]
        assert marks() == [{"of": "{'a': 1}", "result": {"sum": 2}}]
        assert (jobs().get().status, jobs().get().attempts) == (Status.DONE, 1)

    def test_the_event_is_its_class_again_and_the_request_the_same(self) -> None:
        heard = []

        def effect(event: ItemWithdrawn, result: None) -> None:
            heard.append((event.slug, type(event), current_request_id()))

        with having(Job("media.on_withdrawn", hears=ItemWithdrawn, effect=effect)):
            with request_id("abc"):
                withdraw(slug="blue")
            relay_once(registry[CATALOG])
            run_due(registry["media"])
        assert heard == [("blue", ItemWithdrawn, "abc")]

    def test_a_failed_effect_leaves_nothing_and_comes_back(self) -> None:
        def effect(data: Any, result: Any) -> None:
            leave_mark(data)
            raise ZeroDivisionError("halfway")

        with having(Job("catalog.halfway", effect=effect)):
            ask("catalog.halfway")
            assert run_next() == 1
            row = jobs().get()
            assert marks() == []
            assert (row.status, row.attempts, row.lease_until) == (Status.WAITING, 1, None)
            assert "ZeroDivisionError: halfway" in row.last_error
            assert run_next() == 0  # it backs off
        with having(Job("catalog.halfway", effect=leave_mark)):
            make_due(jobs())
            assert run_next() == 1
        assert len(marks()) == 1
        assert jobs().get().last_error == ""

    def test_after_its_attempts_it_is_parked_and_can_be_retried(self) -> None:
        with having(Job("catalog.never", effect=raising(ValueError("no")), max_attempts=3)):
            ask("catalog.never")
            for _attempt in range(3):
                make_due(jobs())
                assert run_next() == 1
            make_due(jobs())
            assert run_next() == 0
            assert (jobs().get().status, jobs().get().attempts) == (Status.PARKED, 3)
        with having(Job("catalog.never", effect=leave_mark)):
            assert retry(catalog_jobs(), [jobs().get().pk]) == 1
            assert run_next() == 1
        assert len(marks()) == 1

    def test_what_kills_its_worker_every_time_is_parked_unbegun(self) -> None:
        begun = []
        with having(Job("catalog.deadly", effect=lambda data, result: begun.append(1), max_attempts=2)):
            ask("catalog.deadly")
            for _killed in range(2):
                assert claim(catalog_jobs(), limit=1)
                make_due(jobs())
            assert run_next() == 1
        assert begun == []
        assert jobs().get().status == Status.PARKED
        assert "Begun 2 times and never finished" in jobs().get().last_error

    def test_one_that_fails_keeps_no_other_waiting(self) -> None:
        """There is no order: the first comes back later, the second is done now."""
        fails = Job("catalog.fails", effect=raising(ValueError("no")))
        with having(fails, plain):
            ask("catalog.fails")
            ask("catalog.plain")
            assert run_due(registry[CATALOG], limit=10) == 2
        assert len(marks()) == 1

    def test_a_job_this_version_does_not_know_waits_for_one_that_does(self) -> None:
        with having(plain):
            ask("catalog.plain")
        with having():
            run_next()
            assert jobs().get().status == Status.WAITING
            assert "knows no job 'catalog.plain'" in jobs().get().last_error
            jobs().update(attempts=UNKNOWN_ATTEMPTS - 1)
            make_due(jobs())
            run_next()
            assert jobs().get().status == Status.PARKED

    def test_data_an_older_version_wrote_is_a_failure_like_any_other(self) -> None:
        with having(Job("media.on_withdrawn", hears=ItemWithdrawn, effect=leave_mark)):
            withdraw()
            relay_once(registry[CATALOG])
            jobs(media).update(data={"slug": "s"})
            run_due(registry["media"])
        assert "item_id: is missing" in jobs(media).get().last_error


class TestLeases:
    def test_what_is_in_hand_is_nobody_elses(self) -> None:
        with having(plain):
            ask("catalog.plain")
            (held,) = claim(catalog_jobs(), limit=5)
            assert claim(catalog_jobs(), limit=5) == []
            assert take(catalog_jobs(), held.pk, attempt=2) is None
            run(registry[CATALOG], held)
        assert len(marks()) == 1

    def test_after_the_lease_it_is_and_the_late_result_is_dropped(self) -> None:
        with having(plain):
            ask("catalog.plain", {"n": 1})
            (killed,) = claim(catalog_jobs(), limit=1)
            make_due(jobs())
            assert run_next() == 1
            run(registry[CATALOG], killed)  # it was not dead, only slow
        assert len(marks()) == 1

    def test_a_late_failure_undoes_nothing(self) -> None:
        with having(plain):
            ask("catalog.plain")
            (slow,) = claim(catalog_jobs(), limit=1)
            make_due(jobs())
            run_next()
        with having(Job("catalog.plain", work=raising(ValueError("late")), effect=leave_mark)):
            run(registry[CATALOG], slow)
        assert (jobs().get().status, jobs().get().last_error) == (Status.DONE, "")

    def test_slow_work_whose_lease_nobody_took_is_kept(self) -> None:
        with having(plain):
            ask("catalog.plain")
            (slow,) = claim(catalog_jobs(), limit=1)
            make_due(jobs())
            run(registry[CATALOG], slow)
        assert len(marks()) == 1

    def test_given_back_it_counts_as_not_begun(self) -> None:
        with having(plain):
            ask("catalog.plain")
            release(*claim(catalog_jobs(), limit=1))
            assert (jobs().get().attempts, jobs().get().lease_until) == (0, None)
            assert run_next() == 1

    def test_claims_take_the_longest_due_first_and_no_more_than_asked(self) -> None:
        with having(plain):
            for number in range(5):
                ask("catalog.plain", {"n": number}, due_at=timezone.now() - timedelta(minutes=5 - number))
            assert [row.data["n"] for row in claim(catalog_jobs(), limit=3)] == [0, 1, 2]
            assert [row.data["n"] for row in claim(catalog_jobs(), limit=3)] == [3, 4]


@pytest.mark.slow
@pytest.mark.django_db(databases="__all__", transaction=True)
class TestRenewing:
    """Another thread, another connection: so these commit for real."""

    def test_a_lease_is_renewed_while_the_work_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seam_rows, "LEASE", timedelta(seconds=0.6))
        others: list[int] = []

        def work(data: Any) -> None:
            until = time.monotonic() + 2
            while time.monotonic() < until:
                others.append(len(claim(catalog_jobs(), limit=1)))
                time.sleep(0.1)

        with having(Job("catalog.long", work=work, effect=leave_mark)):
            ask("catalog.long")
            run_next()
        assert len(others) > 5
        assert set(others) == {0}
        assert (len(marks()), jobs().get().attempts) == (1, 1)

    def test_after_its_time_limit_it_is_taken_to_hang(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seam_rows, "LEASE", timedelta(seconds=0.3))
        taken = []

        def work(data: Any) -> None:
            time.sleep(1.2)
            taken.extend(claim(catalog_jobs(), limit=1))

        with having(Job("catalog.hangs", work=work, effect=leave_mark, time_limit=0)):
            ask("catalog.hangs")
            run_next()
            assert (len(taken), marks()) == (1, [])
        assert jobs().get().status == Status.WAITING

    def test_a_renewal_that_fails_ends_nothing(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(seam_rows, "LEASE", timedelta(seconds=0.3))
        with having(plain):
            ask("catalog.plain")
            (row,) = claim(catalog_jobs(), limit=1)
        with monkeypatch.context() as patch:
            patch.setattr(seam_rows, "_update_held", raising(RuntimeError("away")))
            with renewing(row, at_most=10, renewed=lambda: None):
                time.sleep(0.5)
        assert "could not be renewed" in caplog.text
        assert not [t for t in threading.enumerate() if t.name.startswith("renew-")]


class TestHandingOut:
    """What a broker's messages are about: a row's id and the number of the attempt."""

    def test_what_was_handed_out_is_due_again_after_a_while(self) -> None:
        with having(plain):
            ask("catalog.plain")
            (row,) = hand_out(catalog_jobs(), limit=5, again_after=timedelta(minutes=1))
            assert hand_out(catalog_jobs(), limit=5, again_after=timedelta(minutes=1)) == []
            make_due(jobs())  # the message was lost
            (again,) = hand_out(catalog_jobs(), limit=5, again_after=timedelta(minutes=1))
        assert (again.pk, again.attempts) == (row.pk, row.attempts)

    def test_what_could_not_be_carried_is_as_due_as_it_was_unless_somebody_began_it(self) -> None:
        with having(plain):
            ask("catalog.plain")
            ask("catalog.plain")
            before = [row.due_at for row in jobs()]
            rows = hand_out(catalog_jobs(), limit=5, again_after=timedelta(minutes=1))
            begun = take(catalog_jobs(), rows[1].pk, attempt=1)
            take_back(catalog_jobs(), rows)
        assert begun
        assert jobs()[0].due_at == before[0]
        assert jobs()[1].due_at > timezone.now()

    def test_the_same_message_twice_is_done_once(self) -> None:
        with having(plain):
            ask("catalog.plain")
            (row,) = hand_out(catalog_jobs(), limit=5, again_after=timedelta(minutes=1))
            run_by_id(CATALOG, row.pk, 1)
            run_by_id(CATALOG, row.pk, 1)
        assert len(marks()) == 1

    def test_a_message_of_an_attempt_that_failed_does_not_cut_the_back_off_short(self) -> None:
        with having(Job("catalog.fails", effect=raising(ValueError("no")))):
            ask("catalog.fails")
            (row,) = hand_out(catalog_jobs(), limit=5, again_after=timedelta(minutes=1))
            run_by_id(CATALOG, row.pk, 1)
            run_by_id(CATALOG, row.pk, 1)
        assert jobs().get().attempts == 1

    def test_a_message_about_nothing_is_nothing(self) -> None:
        run_by_id(CATALOG, uuid4(), 1)

    def test_no_room_hands_out_nothing(self) -> None:
        with having(plain):
            ask("catalog.plain")
            assert hand_out(catalog_jobs(), limit=-3, again_after=timedelta(minutes=1)) == []


class TestCleaningUp:
    def test_only_what_was_done_long_ago_is_purged(self) -> None:
        with having(plain, Job("catalog.fails", effect=raising(ValueError("no")), max_attempts=1)):
            for name in ("catalog.plain", "catalog.plain", "catalog.fails"):
                ask(name)
            run_due(registry[CATALOG], limit=2)
            long_ago = timezone.now() - timedelta(days=31)
            jobs().filter(pk=jobs().filter(status=Status.DONE)[0].pk).update(due_at=long_ago)
            run_next()
            ask("catalog.plain", due_at=long_ago)
            jobs().filter(status=Status.PARKED).update(due_at=long_ago)
            assert purge(catalog_jobs(), older_than=timedelta(days=30)) == 1
            assert purge(catalog_jobs(), older_than=timedelta(days=30)) == 0
        assert sorted(jobs().values_list("status", flat=True)) == ["done", "parked", "waiting"]

    def test_only_what_is_parked_can_be_discarded(self) -> None:
        with having(plain, Job("catalog.fails", effect=raising(ValueError("no")), max_attempts=1)):
            ask("catalog.fails")
            run_next()
            ask("catalog.plain")
            assert discard(catalog_jobs(), [row.pk for row in jobs()]) == 1
        assert [row.name for row in jobs()] == ["catalog.plain"]


def test_failures_back_off_and_never_for_ever() -> None:
    seconds = [backoff(attempt).total_seconds() for attempt in (0, 1, 2, 5, 10, 20, 5000)]
    for found, least in zip(seconds, (1, 1, 2, 16, 512, 600, 600), strict=True):
        assert least <= found <= least * 1.25


def test_every_table_is_in_its_contexts_own_database() -> None:
    for served in registry:
        assert connections[served.alias].settings_dict["NAME"] != ""
        assert served.job_table._default_manager.db == served.alias
    assert events().db == CATALOG
