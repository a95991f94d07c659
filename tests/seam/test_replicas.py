"""What a request reads where, decided once and only ever changed to the primary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from apps.catalog.models import Item
from apps.catalog.models import Job as CatalogJob
from seam import atomic, replicas, watcher
from seam.db import Router
from seam.registry import registry
from seam.request import carried, carrying

COPIES = ("catalog.replica1", "catalog.replica2")
router = Router()


@pytest.fixture
def usable(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The catalogue has two replicas, and these are to be read from."""
    names = set(COPIES)
    catalog = registry["catalog"]
    registry.add(replace(catalog, replicas=COPIES))
    monkeypatch.setattr(replicas, "_connects", lambda alias: True)
    monkeypatch.setattr(
        watcher,
        "replica",
        lambda alias: SimpleNamespace(is_usable=alias in names, leave_out=lambda: names.discard(alias)),
    )
    monkeypatch.setattr(watcher, "is_away", lambda alias: False)
    yield names
    registry.add(catalog)


def here() -> str:
    return router.db_for_read(Item)


def ask(view: Callable[[HttpRequest], object], method: str = "GET", **meta: str) -> HttpResponse:
    def answer(request: HttpRequest) -> HttpResponse:
        found = view(request)
        return found if isinstance(found, HttpResponse) else HttpResponse(str(found))

    request = getattr(RequestFactory(), method.lower())("/", **meta)
    request.COOKIES |= {"wrote": "1"} if "wrote" in meta else {}
    return replicas.ReadingMiddleware(answer)(request)


def read(method: str = "GET", **meta: str) -> str:
    return ask(lambda request: here(), method, **meta).content.decode()


def test_only_a_request_reads_from_a_replica(usable: set[str]) -> None:
    assert here() == "catalog"
    assert read() in COPIES
    assert {read() for _ in range(60)} == set(COPIES)


def test_one_request_reads_from_one(usable: set[str]) -> None:
    for _ in range(20):
        ask(lambda request: HttpResponse(str(assert_one([here() for _ in range(5)]))))


def assert_one(places: list[str]) -> str:
    (place,) = set(places)
    return place


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_may_change_something_reads_from_the_primary(usable: set[str], method: str) -> None:
    assert read(method) == "catalog"


def test_a_browser_that_wrote_and_whoever_brings_a_token_read_from_the_primary(usable: set[str]) -> None:
    assert read(wrote="1") == "catalog"
    assert read(HTTP_AUTHORIZATION="Bearer x") == "catalog"


def test_jobs_and_events_are_read_where_they_are_true(usable: set[str]) -> None:
    assert ask(lambda request: router.db_for_read(CatalogJob)).content == b"catalog"


@pytest.mark.django_db(databases="__all__")
def test_a_write_turns_the_rest_of_the_request_to_the_primary_and_its_browser_after_it(
    usable: set[str],
) -> None:
    def view(request: HttpRequest) -> str:
        before = here()
        with atomic("catalog"):
            inside = here()
        return f"{before in COPIES} {inside} {here()}"

    answer = ask(view)
    assert answer.content == b"True catalog catalog"
    cookie = answer.cookies["wrote"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (
        replicas.PINNED_SECONDS,
        True,
        "Lax",
    )


def test_no_cookie_where_nothing_was_written(usable: set[str]) -> None:
    assert not ask(lambda request: here()).cookies


@pytest.mark.django_db(databases="__all__")
def test_no_cookie_where_there_are_no_replicas() -> None:
    def view(request: HttpRequest) -> str:
        with atomic("catalog"):
            return here()

    assert not ask(view).cookies


def test_without_a_replica_that_can_be_used_the_primary_answers(usable: set[str]) -> None:
    usable.clear()
    assert read() == "catalog"


def test_a_replica_that_refuses_is_not_chosen(usable: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_connects", lambda alias: alias == COPIES[1])
    assert {read() for _ in range(20)} == {COPIES[1]}


def test_while_the_primary_is_away_even_who_wrote_reads_from_a_replica_but_no_form_does(
    usable: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "is_away", lambda alias: True)
    assert read(wrote="1") in COPIES
    assert read("POST") == "catalog"


def test_what_failed_because_of_a_replica_is_asked_again_from_the_primary(usable: set[str]) -> None:
    asked = []

    def view(request: HttpRequest) -> HttpResponse:
        asked.append(here())
        if asked[-1] in COPIES:
            replicas.lost(asked[-1])
            return HttpResponse(status=503)
        return HttpResponse(here())

    assert ask(view).status_code == 200
    assert asked[0] in COPIES
    assert asked[1:] == ["catalog"]
    assert usable == set(COPIES) - {asked[0]}


def test_what_failed_for_another_reason_is_not(usable: set[str]) -> None:
    asked = []

    def view(request: HttpRequest) -> HttpResponse:
        asked.append(here())
        return HttpResponse(status=503)

    assert ask(view).status_code == 503
    assert len(asked) == 1


def test_a_call_takes_along_whether_it_may_be_late(usable: set[str]) -> None:
    def call() -> str:
        with carrying(carried()):
            return here()

    assert ask(lambda request: call()).content.decode() in COPIES
    assert ask(lambda request: call(), "POST").content == b"catalog"
    assert ask(lambda request: call(), wrote="1").content == b"catalog"
    assert call() == "catalog"  # a job
    with carrying({}):  # somebody who knows nothing of it
        assert here() == "catalog"


def test_auth_has_no_replicas() -> None:
    from apps.auth.models import Session, User

    assert ask(lambda request: router.db_for_read(User)).content == b"default"
    assert ask(lambda request: router.db_for_read(Session)).content == b"default"
