"""The port that tells a cache to forget: what it is set by, what it sends, and that nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.catalog import service, tags
from apps.catalog.contract import PagesChanged
from apps.catalog.drafts import Draft
from apps.catalog.models import OutboxEvent
from apps.media.contract import RenditionsRemoved
from apps.media.storage import tag_of
from monolith import edge
from monolith.edge import Edge, Forgetting, read
from seam.contract import event_name
from seam.outbox import relay_once
from seam.registry import registry
from seam.rows import Status
from seam.wire import Unavailable
from tests.edge.cloudflare import TOKEN, ZONE, Double, cloudflare

SECRET = "s3cret-that-no-error-may-repeat-0123456789"


@pytest.mark.parametrize(
    ("url", "token", "sentence"),
    [
        ("cloudflare://zone", SECRET, "32 characters of the zone's id"),
        (f"cloudflare://{ZONE}/x", SECRET, "can't be used"),
        (f"cloudflare://{ZONE}?endpoin=x", SECRET, "can't be used"),
        (f"cloudflare://{ZONE}?endpoint=nowhere", SECRET, "can't be used"),
        (f"cloudflare://{ZONE}", "", "a token of its API"),
        ("http://127.0.0.1:8081", "", "EDGE_PURGE_TOKEN is not"),
        ("http://127.0.0.1:8081", "short", "shorter than 32 characters"),
        ("http://cache.example", SECRET, "Use https://"),
        ("http://127.0.0.1:port", SECRET, "can't be used"),
        ("http://[::1", SECRET, "can't be used"),
        ("https://user:pass@cache.example", SECRET, "without a user"),
        ("ftp://cache.example", SECRET, "can't be used"),
        ("yes", SECRET, "can't be used"),
        ("http://127.0.0.1:8081", "a\nb" + SECRET, "a blank or a sign"),
    ],
)
def test_what_can_not_be_used_gets_a_sentence_that_keeps_the_secret(
    url: str, token: str, sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        read(url, token)
    assert sentence in str(raised.value)
    assert SECRET not in str(raised.value)


def test_each_url_chooses_its_adapter_and_none_is_none() -> None:
    assert read("", "") is None
    assert read("", SECRET) is None, "the purger's own environment"
    real = read(f"cloudflare://{ZONE}", SECRET)
    assert real == Edge(
        "cloudflare", f"https://api.cloudflare.com/client/v4/zones/{ZONE}/purge_cache", SECRET
    )
    assert SECRET not in repr(real)
    purging = read("http://purger.internal:8081/", SECRET)
    assert purging
    assert isinstance(purging.cache(), edge.Purging)


@pytest.fixture
def double() -> Iterator[Double]:
    with cloudflare() as running:
        yield running
        assert running.wrong == []


def cache_at(double: Double, token: str = TOKEN) -> edge.Cache:
    found = read(f"cloudflare://{ZONE}?endpoint={double.url}", token)
    assert found
    return found.cache()


def test_cloudflare_is_sent_what_it_takes_a_hundred_at_a_time(double: Double) -> None:
    wanted = tags.of_listings(range(250))
    Forgetting(cache_at(double)).forget(wanted)
    assert [len(some) for some in double.forgotten] == [100, 100, 50]
    assert [tag for some in double.forgotten for tag in some] == wanted


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ((200, {}, '{"success": false, "errors": [{"code": 1012}]}'), "answered 200"),
        ((200, {}, "<html>a captive portal"), "answered 200"),
        ((429, {"Retry-After": "7"}, '{"success": false}'), "answered 429"),
        ((500, {}, ""), "answered 500"),
        ((403, {}, '{"success": false}'), "EDGE_PURGE_TOKEN may not purge"),
        ((302, {"Location": "http://127.0.0.1:1/"}, '{"success": true}'), "answered 302"),
    ],
)
def test_an_answer_that_is_no_yes_is_no(double: Double, says: Any, sentence: str) -> None:
    double.says = says
    with pytest.raises(Unavailable, match=sentence):
        cache_at(double).forget(["catalog"])


def test_a_wrong_token_is_said_so() -> None:
    with cloudflare() as double, pytest.raises(Unavailable, match="EDGE_PURGE_TOKEN may not purge there"):
        cache_at(double, "another" + TOKEN).forget(["catalog"])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_cache_that_is_away_is_asked_again_only_after_the_pause_it_wants(double: Double) -> None:
    clock = Clock()
    told = Forgetting(cache_at(double), clock)
    double.says = 429, {"Retry-After": "7"}, ""
    with pytest.raises(Unavailable, match="429"):
        told.forget(["catalog"])
    double.says = None
    clock.now = 6.9
    with pytest.raises(Unavailable, match="given a moment"):
        told.forget(["catalog"])
    clock.now = 7.1
    told.forget(["catalog"])
    assert double.forgotten == [["catalog"]]


def test_a_cache_that_hangs_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(
        edge, "_pool", edge.urllib3.PoolManager(timeout=edge.urllib3.Timeout(0.3), retries=False)
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = read(f"http://127.0.0.1:{silent.getsockname()[1]}", TOKEN)
        assert found
        with pytest.raises(Unavailable, match="does not answer"):
            found.cache().forget(["catalog"])


def test_contexts_and_the_port_mean_the_same() -> None:
    assert set(edge.FORGETTING) == {event_name(PagesChanged), event_name(RenditionsRemoved)}
    assert (edge.HEADER, edge.TAGS_AT_ONCE) == (tags.HEADER, tags.MOST)
    assert all(
        edge.TAG.fullmatch(tag) for tag in (*tags.of_listings([1, 2**63]), tag_of("a" * 64), tags.EVERY_PAGE)
    )


@pytest.fixture
def told(double: Double, monkeypatch: pytest.MonkeyPatch) -> Double:
    """The relay of this process tells the double."""
    monkeypatch.setattr(registry, "receivers", {"edge": Forgetting(cache_at(double))})
    return double


@pytest.mark.django_db(databases="__all__")
def test_many_changes_are_told_in_one_request(told: Double) -> None:
    for number in range(20):
        service.create_item(Draft(title=f"Boat {number}"), published=True)
    assert told.forgotten == [], "nobody who writes waits for it"
    relay_once(registry["catalog"])
    assert [sorted(some) for some in told.forgotten] == [["listing-1"]]
    assert {row.status for row in OutboxEvent.objects.all()} == {Status.DONE}


@pytest.mark.django_db(databases="__all__")
def test_what_could_not_be_told_waits_and_is_told_later(told: Double) -> None:
    told.says = 503, {}, ""
    made = service.create_item(Draft(title="Boat"), published=True)
    assert made.is_published, "a cache that is away is in the way of no write"
    relay_once(registry["catalog"])
    waiting = OutboxEvent.objects.filter(name="catalog.pages_changed.v1")
    assert {row.status for row in waiting} == {Status.WAITING}
    assert "answered 503" in waiting[0].last_error
    told.says = None
    registry.receivers["edge"]._pause_until = 0.0  # type: ignore[attr-defined]
    OutboxEvent.objects.update(due_at=timezone.now())
    relay_once(registry["catalog"])
    assert told.forgotten == [["listing-1"]]
    assert {row.status for row in waiting.all()} == {Status.DONE}


def test_everything_is_told_twice_for_what_was_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "AGAIN_SECONDS", 0.1)
    heard: list[Sequence[str]] = []
    failing = iter([Unavailable("not now")])

    def forget(some: Sequence[str]) -> None:
        for error in failing:
            raise error
        heard.append(some)

    again = edge.Again(forget)
    again.later(["a", "b"])
    again.later(["b", "c"])
    wait_until(lambda: {tag for some in heard for tag in some} == {"a", "b", "c"})
    assert len([tag for some in heard for tag in some]) == 3, (
        "tried once more where it failed, and not where it didn't"
    )


def wait_until(right: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not right():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_by_hand(double: Double, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.EDGE = None
    with pytest.raises(CommandError, match="EDGE_PURGE_URL is not set"):
        call_command("purge")
    settings.EDGE = read(f"cloudflare://{ZONE}?endpoint={double.url}", TOKEN)
    call_command("purge")
    call_command("purge", "item-1", "listing-2")
    assert double.forgotten == [["catalog"], ["item-1", "listing-2"]]
    with pytest.raises(CommandError, match="is no tag"):
        call_command("purge", "a,b")
    double.says = 500, {}, ""
    with pytest.raises(CommandError, match="answered 500"):
        call_command("purge")
