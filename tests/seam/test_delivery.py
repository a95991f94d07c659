"""Events from process to process: everybody hears them, once, and nobody keeps another from hearing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.catalog.contract import ItemWithdrawn
from seam import Job, inbox
from seam.events import Event, Refusal
from seam.outbox import AWAY_ATTEMPTS, AWAY_BACKOFF, MAX_ATTEMPTS, relay_once
from seam.registry import registry
from seam.remote import CallFailed, Unavailable
from seam.request import is_awaited, request_id, seconds_left
from seam.rows import Status
from tests import remotely
from tests.seam.jobs import events, having, jobs, make_due, media, raising, withdraw

pytestmark = pytest.mark.django_db(databases="__all__")

hear = Job("media.on_withdrawn", hears=ItemWithdrawn, effect=lambda event, result: None)
hear_too = Job("catalog.on_withdrawn", hears=ItemWithdrawn, effect=lambda event, result: None)


def event(**changes: Any) -> Event:
    return replace(
        Event(
            id=uuid4(),
            source="catalog",
            type="catalog.item_withdrawn.v1",
            time=datetime(2026, 1, 1, tzinfo=UTC),
            data=json.dumps({"item_id": str(uuid4()), "slug": "s"}),
            requestid="abc-1",
        ),
        **changes,
    )


class TestReceiving:
    def test_what_is_delivered_twice_is_a_job_once(self) -> None:
        said = event()
        with having(hear, hear_too):
            for _time in range(2):
                assert inbox.deliver(events=[said, said]) == []
        for row in (jobs(media).get(), jobs().get()):
            assert (row.key, row.request_id, row.data) == (str(said.id), "abc-1", json.loads(said.data))

    def test_what_nobody_here_wants_to_hear_is_not_kept(self) -> None:
        unheard = [event(type="catalog.item_changed.v1"), event(type="catalog.not_yet_known.v7", data="{")]
        with having(hear):
            assert inbox.deliver(events=unheard) == []
            assert not jobs(media).exists()

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"data": "{"}, "Expecting property name"),
            ({"data": "[]"}, "must be a JSON object"),
            ({"data": "null"}, "must be a JSON object"),
            ({"data": '{"slug": "s"}'}, "item_id: is missing"),
            ({"data": '{"item_id": "x", "slug": "s"}'}, "'x' is no UUID"),
            ({"data": "[" * 100_000}, "nested"),
            ({"source": "media"}, "'media' may not say it"),
            ({"requestid": "a b"}, "requestid"),
            ({"specversion": "0.3"}, "CloudEvents 1.0"),
            ({"datacontenttype": "text/xml"}, "application/json"),
        ],
    )
    def test_one_that_nobody_can_read_is_refused_and_the_others_are_kept(
        self, changes: dict[str, Any], reason: str
    ) -> None:
        good, bad = event(), event(**changes)
        with having(hear):
            (refusal,) = inbox.deliver(events=[bad, good])
        assert refusal.id == bad.id
        assert reason in refusal.reason
        assert jobs(media).get().key == str(good.id)

    def test_a_field_of_a_newer_version_is_no_reason(self) -> None:
        data = json.dumps({"item_id": str(uuid4()), "slug": "s", "why": "sold"})
        with having(hear):
            assert inbox.deliver(events=[event(data=data)]) == []
            assert jobs(media).count() == 1

    def test_too_many_at_once_are_refused(self) -> None:
        with pytest.raises(ValueError, match="At most 1000"):
            inbox.deliver(events=[event()] * 1001)


@dataclass
class Receiver:
    """Another process as the relay sees it; `refuses` are ids, `error` what happens instead of an answer."""

    error: Exception | None = None
    refuses: set[UUID] = field(default_factory=set)
    heard: list[UUID] = field(default_factory=list)
    alone: bool = False
    seconds: float = 0

    def deliver(self, *, events: list[Event]) -> list[Refusal]:
        self.seconds = seconds_left() if is_awaited() else 0
        if self.error and not (self.alone and len(events) == 1 and events[0].id not in self.refuses):
            raise self.error
        self.heard += [e.id for e in events if e.id not in self.refuses]
        return [Refusal(id=e.id, reason="can't be read") for e in events if e.id in self.refuses]


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it with the receivers there are; then the relay passes once."""

    def relay(*receivers: Receiver) -> int:
        monkeypatch.setattr(registry, "receivers", {str(n): r for n, r in enumerate(receivers)})
        return relay_once(registry["catalog"])

    return relay


def ids() -> set[UUID]:
    return set(events().values_list("pk", flat=True))


class TestTelling:
    def test_everybody_hears_everything_and_then_it_is_done(self, telling: Any) -> None:
        one, two = Receiver(), Receiver()
        with having(hear):
            withdraw(3)
            telling(one, two)
        assert set(one.heard) == set(two.heard) == ids()
        assert jobs(media).count() == 3
        assert {row.status for row in events()} == {Status.DONE}
        assert 0 < one.seconds <= 5

    def test_whoever_is_away_keeps_nobody_else_from_hearing_and_hears_it_later(self, telling: Any) -> None:
        away, there = Receiver(Unavailable("does not answer")), Receiver()
        with having(hear):
            withdraw(3)
            telling(away, there)
            assert set(there.heard) == ids()
            assert jobs(media).count() == 3
            assert {row.status for row in events()} == {Status.WAITING}
            away.error = None
            make_due(events())
            telling(away, there)
        assert set(away.heard) == ids()
        assert {row.status for row in events()} == {Status.DONE}

    def test_those_here_being_away_keeps_nobody_else_from_hearing(
        self, telling: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "store", raising(OperationalError("gone away")))
        there = Receiver()
        with having(hear):
            withdraw(2)
            telling(there)
        assert set(there.heard) == ids()
        assert {row.status for row in events()} == {Status.WAITING}

    def test_whoever_is_away_for_hours_hears_it_within_half_a_minute(self, telling: Any) -> None:
        withdraw()
        events().update(attempts=500)
        telling(Receiver(Unavailable("does not answer")))
        row = events().get()
        assert row.status == Status.WAITING
        assert row.due_at < timezone.now() + AWAY_BACKOFF * 1.3
        events().update(attempts=AWAY_ATTEMPTS - 1, due_at=timezone.now() - timedelta(seconds=1))
        telling(Receiver(Unavailable("does not answer")))
        assert events().get().status == Status.PARKED

    def test_one_that_is_refused_is_told_of_alone_and_parked_in_the_end(self, telling: Any) -> None:
        withdraw(3)
        bad = events()[1]
        telling(Receiver(refuses={bad.pk}), Receiver())
        bad.refresh_from_db()
        assert (bad.status, events().filter(status=Status.DONE).count()) == (Status.WAITING, 2)
        assert "can't be read" in bad.last_error
        events().filter(pk=bad.pk).update(
            attempts=MAX_ATTEMPTS - 1, due_at=timezone.now() - timedelta(seconds=1)
        )
        telling(Receiver(refuses={bad.pk}))
        bad.refresh_from_db()
        assert bad.status == Status.PARKED

    def test_one_that_makes_a_receiver_fail_stops_no_other(self, telling: Any) -> None:
        """Such as one too large for a message: the batch fails, then each is tried alone."""
        withdraw(4)
        bad = events()[2]
        telling(Receiver(CallFailed("RESOURCE_EXHAUSTED"), refuses={bad.pk}, alone=True))
        bad.refresh_from_db()
        assert (bad.status, bad.attempts) == (Status.WAITING, 1)
        assert events().filter(status=Status.DONE).count() == 3

    def test_nor_does_it_while_somebody_else_is_away(self, telling: Any) -> None:
        withdraw(4)
        bad = events()[2]
        failing = Receiver(CallFailed("RESOURCE_EXHAUSTED"), refuses={bad.pk}, alone=True)
        telling(Receiver(Unavailable("does not answer")), failing)
        assert set(failing.heard) == ids() - {bad.pk}
        assert "RESOURCE_EXHAUSTED" in events().get(pk=bad.pk).last_error

    def test_through_real_bytes_and_twice_it_is_a_job_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with having(hear), remotely.served(*remotely.everything()) as peer:
            with request_id("abc-1"):
                withdraw(3, slug="ñandú")
            monkeypatch.setattr(registry, "receivers", remotely.delivered_twice(peer))
            relay_once(registry["catalog"])
            assert {row.status for row in events()} == {Status.DONE}
        assert {(row.request_id, row.data["slug"]) for row in jobs(media)} == {("abc-1", "ñandú")}
        assert jobs(media).count() == 3
