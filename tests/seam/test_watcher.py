"""How far behind a replica is, told by positions; and who may read from it."""

from __future__ import annotations

import os
import time

import pytest

from seam import watcher
from seam.watcher import Primary, Replica, position, reaches

UUID, OTHER = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", {}),
        ("0-1-1234", {"0": 1234}),
        ("0-2-7,1-1-3", {"0": 7, "1": 3}),
        (f"{UUID}:1-77", {UUID: 77}),
        (f"{UUID}:1-3:5:9-11, {OTHER}:4", {UUID: 11, OTHER: 4}),
        (f"{UUID}:tag:1-3", {UUID: 3}),
    ],
)
def test_positions_of_both_kinds_are_read(text: str, read: dict[str, int]) -> None:
    assert position(text) == read


def test_a_position_reaches_another_when_it_lacks_nothing_of_it() -> None:
    assert reaches({"0": 5, "1": 1}, {"0": 5})
    assert not reaches({"0": 5}, {"0": 5, "1": 1})
    assert not reaches({"0": 4}, {"0": 5})


@pytest.fixture
def primary() -> Primary:
    """Four transactions a second for the last ten seconds."""
    server = Primary("catalog")
    now = time.monotonic()
    for tick in range(21):
        server.note({"0": 100 + 2 * tick}, now - 10 + tick / 2)
    return server


def test_a_replica_is_as_late_as_the_time_when_its_primary_was_where_it_is(primary: Primary) -> None:
    assert primary.behind({"0": 140}) == 0
    assert primary.behind({"0": 150}) == 0
    assert primary.behind({"0": 137}) == pytest.approx(1.0)
    assert primary.behind({"0": 134}) == pytest.approx(1.5)
    assert primary.behind({"0": 99}) is None
    assert primary.behind({}) is None


def test_a_primary_that_tells_no_position_makes_nobody_up_to_date() -> None:
    silent = Primary("catalog")
    silent.note({}, time.monotonic())
    assert silent.behind({"0": 5}) is None


@pytest.mark.parametrize(("number", "is_usable"), [(140, True), (136, True), (130, False), (99, False)])
def test_who_is_more_than_two_seconds_behind_is_left_out(
    primary: Primary, number: int, is_usable: bool
) -> None:
    replica = Replica("catalog.replica1", primary)
    assert not replica.is_usable, "nobody asked it yet"
    replica.note({"0": number}, time.monotonic())
    assert replica.is_usable is is_usable
    assert (replica.state == "ok") is is_usable


def test_an_old_answer_counts_for_nothing(primary: Primary) -> None:
    replica = Replica("catalog.replica1", primary)
    replica.note({"0": 140}, time.monotonic() - watcher.TRUST)
    assert not replica.is_usable


def test_one_that_failed_is_left_out_until_it_was_asked_again(primary: Primary) -> None:
    replica = Replica("catalog.replica1", primary)
    replica.note({"0": 140}, time.monotonic())
    replica.leave_out()
    assert not replica.is_usable
    replica.note({"0": 140}, time.monotonic())
    assert replica.is_usable


def test_while_the_primary_is_away_a_replica_gets_no_later(primary: Primary) -> None:
    for at, told in list(primary._positions):
        primary._positions.append((at - 60, told))
        primary._positions.popleft()
    assert primary.behind({"0": 137}) == pytest.approx(1.0)


def test_after_a_fork_the_watching_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(watcher.threading.Thread, "start", lambda thread: started.append(thread.name))
    ours = watcher.Watcher()
    first = ours.server("catalog.replica1")
    assert ours.server("catalog.replica1") is first
    assert started == ["watch-catalog", "watch-catalog.replica1"]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert ours.server("catalog.replica1") is not first
    assert len(started) == 4
