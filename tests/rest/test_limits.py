"""Who asks the API too often waits, whichever process answers and whether or not there is a cache."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from monolith.rest import limits
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
ITEMS = "/api/v1/catalog/items/"


@pytest.fixture(autouse=True)
def three_a_minute(settings, monkeypatch):
    settings.API_RATE = 3
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    monkeypatch.setattr(limits, "counter", limits.Counter())
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_030.0)
    cache.clear()


def statuses(client, times, **headers):
    return [client.get(ITEMS, headers=headers).status_code for _ in range(times)]


def test_answers_tell_how_much_is_left(client):
    first, second = client.get(ITEMS), client.get(ITEMS)
    assert first.headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert [one.headers["RateLimit"] for one in (first, second)] == [
        '"default";r=2;t=30',
        '"default";r=1;t=30',
    ]


def test_one_too_many_is_told_when_to_come_back(client):
    assert statuses(client, 3) == [200] * 3
    refused = client.get(ITEMS)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "30"
    assert refused.headers["RateLimit"] == '"default";r=0;t=30'
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "catalog.throttled"


def test_people_are_counted_apart_and_wherever_they_are(client, alice, bob):
    hers, also_hers, his = (sign_in(Client(), person) for person in (alice, alice, bob))
    assert statuses(hers, 2) + statuses(also_hers, 2) == [200, 200, 200, 429]
    assert statuses(his, 1) == statuses(client, 1) == [200]


def test_other_processes_count_too(client, monkeypatch):
    assert statuses(client, 3) == [200] * 3
    monkeypatch.setattr(limits, "counter", limits.Counter())  # what another process knows by itself
    assert statuses(client, 1) == [429]


def test_it_holds_while_the_cache_is_away(client, monkeypatch):
    def away(*_args, **_kwargs):
        raise ValueError

    monkeypatch.setattr(type(cache._connections[cache._alias]), "incr", away)
    assert statuses(client, 4) == [200, 200, 200, 429]


def test_a_forwarded_address_counts_only_where_a_proxy_is_trusted(client, settings):
    assert statuses(client, 3, **{"x-forwarded-for": "192.0.2.1"}) == [200] * 3
    assert statuses(client, 1, **{"x-forwarded-for": "192.0.2.2"}) == [429]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert statuses(client, 1, **{"x-forwarded-for": "198.51.100.7, 192.0.2.2"}) == [200]
    assert statuses(client, 3, **{"x-forwarded-for": "203.0.113.9, 192.0.2.2"}) == [200, 200, 429]


def test_memory_has_an_end(monkeypatch):
    monkeypatch.setattr(limits, "MOST_CALLERS", 5)
    counter = limits.Counter()
    for number in range(50):
        counter.count(f"caller-{number}")
    assert len(counter._own) == 5
