"""The cache in which attempts are counted: does what a cache does, and costs the same however much is in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.auth import limits
from apps.auth.models import Attempt

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(limits.random, "randrange", lambda _most: 1)
    return caches["limits"]


def test_it_keeps_what_it_is_given(cache: Any) -> None:
    cache.set("a", [1.5, "x"], 60)
    assert cache.get("a") == [1.5, "x"]
    cache.set("a", [2], 60)
    assert cache.get("a") == [2]
    assert cache.add("a", 3) is False
    assert cache.add("b", 3) is True
    assert cache.get_many(["a", "b", "c"]) == {"a": [2], "b": 3}
    assert cache.incr("b") == 4
    assert cache.delete("a")
    assert cache.get("a") is None
    cache.set("forever", 1, None)
    assert cache.get("forever") == 1


def test_what_has_expired_is_not_there(cache: Any) -> None:
    cache.set("a", 1, 0.01)
    time.sleep(0.05)
    assert cache.touch("a", 60) is False
    assert cache.get("a") is None
    cache.set("a", 1, 0.01)
    time.sleep(0.05)
    assert cache.add("a", 2, 60) is True
    assert cache.get("a") == 2
    assert cache.touch("a", 120) is True


def test_writing_counts_nothing(cache: Any) -> None:
    with CaptureQueriesContext(connections["default"]) as queries:
        cache.set("a", 1, 60)
        cache.set("a", 2, 60)
    assert not [query for query in queries if "COUNT(" in query["sql"].upper()]


def test_what_has_expired_is_cleared_away_now_and_then(cache: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Attempt.objects.bulk_create(Attempt(cache_key=f"k{n}", value="x", expires=long_ago) for n in range(50))
    cache.set("a", 1, 60)
    assert Attempt.objects.count() == 51
    monkeypatch.setattr(limits.random, "randrange", lambda _most: 0)
    cache.set("b", 1, 60)
    assert Attempt.objects.count() == 2
