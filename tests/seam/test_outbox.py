"""Events: said with the fact or not at all, and stored once by everybody who wants to hear them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, OperationalError

from apps.catalog.contract import ItemWithdrawn
from apps.media.contract import AssetDeleted
from seam import Job, atomic, publish
from seam.codec import InvalidMessage
from seam.contract import Contract, InvalidContract
from seam.db import TransactionMisuse
from seam.outbox import MAX_ATTEMPTS, publish_many, relay_once
from seam.registry import registry
from seam.request import request_id
from seam.rows import Status, claim, retry
from tests.seam import values
from tests.seam.jobs import events, having, jobs, make_due, media, withdraw
from tests.seam.sample import ThingMade

pytestmark = pytest.mark.django_db(databases="__all__")

hear = Job("media.on_withdrawn", hears=ItemWithdrawn, effect=lambda event, result: None)
hear_too = Job("catalog.on_withdrawn", hears=ItemWithdrawn, effect=lambda event, result: None)


def relay() -> int:
    return relay_once(registry["catalog"])


def gone() -> ItemWithdrawn:
    return ItemWithdrawn(item_id=uuid4(), slug="s")


class TestSaying:
    def test_outside_a_transaction_nothing_is_said(self) -> None:
        with pytest.raises(TransactionMisuse, match=r"catalog\.item_withdrawn\.v1 must be published inside"):
            publish(gone())
        assert not events().exists()

    def test_in_the_transaction_of_another_context_nothing_is_said(self) -> None:
        with atomic("media"), pytest.raises(TransactionMisuse, match=r"inside atomic\('catalog'\)"):
            publish(gone())

    def test_what_is_rolled_back_was_never_said(self) -> None:
        def say_and_fail() -> None:
            with atomic("catalog"):
                publish(gone())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            say_and_fail()
        assert not events().exists()

    def test_what_is_no_event_is_refused(self) -> None:
        with atomic("catalog"), pytest.raises(InvalidContract, match="str is not an event"):
            publish("catalog.item_withdrawn.v1")

    def test_what_its_message_can_not_hold_is_refused(self) -> None:
        with atomic("catalog"), pytest.raises(InvalidMessage, match="item_id: must be UUID, not str"):
            publish(ItemWithdrawn(item_id="7", slug="s"))  # type: ignore[arg-type]

    def test_many_are_said_at_once(self, django_assert_max_num_queries: Any) -> None:
        # SQLite takes a hundred rows or so at a time.
        with atomic("catalog"), django_assert_max_num_queries(6, using="catalog"):
            publish_many([gone() for _ in range(300)])
        assert events().count() == 300

    def test_nothing_to_say_is_nothing(self) -> None:
        publish_many([])

    def test_the_request_is_noted(self) -> None:
        with request_id("abc"):
            withdraw()
        assert events().get().request_id == "abc"


class TestHandingOver:
    def test_everybody_who_subscribed_has_it_once(self) -> None:
        with having(hear, hear_too), request_id("abc"):
            withdraw(3)
            assert relay() == 3
            assert relay() == 0
        assert (jobs(media).count(), jobs().count()) == (3, 3)
        assert {row.request_id for row in jobs(media)} == {"abc"}
        assert set(jobs(media).values_list("key", flat=True)) == {str(row.pk) for row in events()}
        assert all(row.status == Status.DONE and row.done_at for row in events())

    def test_an_event_nobody_wants_is_done_with(self) -> None:
        with having():
            withdraw()
            relay()
        assert events().get().status == Status.DONE

    def test_a_relay_that_dies_before_it_marks_sends_again_and_nobody_notices(self) -> None:
        with having(hear):
            withdraw(2)
            relay()
            events().update(status=Status.WAITING, done_at=None)
            assert relay() == 2
        assert jobs(media).count() == 2

    def test_an_event_in_other_hands_is_left_there(self) -> None:
        with having(hear):
            withdraw(2)
            held = claim(registry["catalog"].outbox, limit=1)
            assert relay() == 1
            make_due(events().filter(pk=held[0].pk))  # whoever held it was killed
            assert relay() == 1
        assert jobs(media).count() == 2

    def test_a_poisoned_event_stops_no_other(self) -> None:
        with having(hear):
            withdraw(5)
            poisoned = events()[2]
            events().filter(pk=poisoned.pk).update(data={"item_id": "not a UUID"})
            assert relay() == 5
            assert jobs(media).count() == 4
            poisoned.refresh_from_db()
            assert (poisoned.status, poisoned.attempts) == (Status.WAITING, 1)
            assert "'not a UUID' is no UUID" in poisoned.last_error
            assert relay() == 0  # it backs off

    def test_an_event_of_an_unknown_name_waits_for_a_version_that_knows_it(self) -> None:
        with having(hear):
            withdraw(2)
            events().filter(pk=events()[0].pk).update(name="catalog.item_sold.v1")
            relay()
            row = events().get(name="catalog.item_sold.v1")
            assert "No contract here declares the event 'catalog.item_sold.v1'" in row.last_error
            assert (row.status, jobs(media).count()) == (Status.WAITING, 1)

    def test_after_many_attempts_it_is_parked_and_can_be_retried(self) -> None:
        with having(hear):
            withdraw()
            good = events().get().data
            events().update(data={}, attempts=MAX_ATTEMPTS - 1)
            relay()
            assert events().get().status == Status.PARKED
            make_due(events())
            assert relay() == 0
            events().update(data=good)
            assert retry(registry["catalog"].outbox) == 1
            assert relay() == 1
        assert (events().get().status, events().get().attempts) == (Status.DONE, 1)
        assert jobs(media).count() == 1

    @pytest.mark.parametrize("error", [OperationalError("gone away"), IntegrityError("no")])
    def test_a_subscriber_that_can_not_store_gets_it_later(
        self, error: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import seam.inbox

        def fail(*_args: object, **_options: object) -> None:
            raise error

        with having(hear, hear_too):
            withdraw(3)
            with monkeypatch.context() as patch:
                patch.setattr(seam.inbox, "store", fail)
                assert relay() == 3
            assert {row.status for row in events()} == {Status.WAITING}
            make_due(events())
            assert relay() == 3
        assert (jobs(media).count(), jobs().count()) == (3, 3)

    def test_told_to_stop_it_gives_back_what_it_has_not_begun(self) -> None:
        with having(hear):
            withdraw(3)
            assert relay_once(registry["catalog"], stopped=lambda: True) == 3
            assert set(events().values_list("attempts", "lease_until")) == {(0, None)}
            assert relay() == 3

    def test_a_batch_costs_the_same_however_long_it_is(self, django_assert_max_num_queries: Any) -> None:
        with having(hear):
            withdraw(50)
            with (
                django_assert_max_num_queries(8, using="catalog"),
                django_assert_max_num_queries(4, using="media"),
            ):
                relay()


def test_what_was_heard_is_what_was_said(declared: Contract) -> None:
    """Every type of value, through a row of the database and back."""
    said = ThingMade(thing=values.thing(price=Decimal("1.10"), labels={"ñ": "ü"}, maybe_number=-(2**63)))
    job = Job("media.on_made", hears=ThingMade, effect=lambda event, result: None)
    data = registry.event_codec("sample.thing_made.v1").to_json({"thing": said.thing})
    table = registry["media"].job_table
    table._default_manager.create(name="media.on_made", data=data, key="1")
    assert job.decode(table._default_manager.get(key="1").data) == said


def test_events_of_other_contexts_are_theirs() -> None:
    with atomic("media"):
        publish(AssetDeleted(asset_id=UUID(int=1)))
    assert not events().exists()
    assert registry["media"].outbox._default_manager.count() == 1
