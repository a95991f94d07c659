"""Calls to another process: in time, repeated only where that does no harm, by turns, and never by too many at once.

The servers here are real ones on loopback; that whole processes are killed or hang is in test_remote_processes.py.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from seam.address import MAX_MESSAGE_BYTES
from seam.contract import Contract
from seam.peer import RetryTokens
from seam.remote import CallFailed, Unavailable, remote
from seam.request import budget, seconds_left
from tests import remotely, servers
from tests.seam import keeper
from tests.seam.sample import Refused, Sample

# Longer than the calls here may take, on a machine that is busy.
SOON = 1.0


def keeping(**functions: Callable[..., Any]) -> ModuleType:
    """A keeper of the sample in which some functions do something else."""
    made = ModuleType("keeping")
    vars(made).update(vars(keeper) | functions)
    return made


@pytest.fixture
def calling(declared: Contract) -> Iterator[Callable[..., Sample]]:
    """Call it with keepers to have each served at an address of its own; what `use` would give."""
    with ExitStack() as stack:

        def call(*keepers: ModuleType, dead: int = 0, at_once: int = 4, threads: int = 8) -> Sample:
            running = [stack.enter_context(remotely.running((declared, k), threads=threads)) for k in keepers]
            nobody = [f"127.0.0.1:{servers.free_port()}" for _ in range(dead)]
            peer = stack.enter_context(remotely.reached(*nobody, *running, at_once=at_once))
            return remote(declared, peer)  # type: ignore[no-any-return]

        yield call


@contextmanager
def taking(*, less_than: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < less_than


class TestTime:
    def test_a_call_gets_what_is_left_of_the_request_and_not_more(self, calling: Any) -> None:
        over = threading.Event()
        sample = calling(keeping(get_request_id=lambda: str(over.wait(30))))
        with (
            taking(less_than=0.5 + SOON),
            budget(0.5),
            pytest.raises(Unavailable, match=r"not answered in 0\.4 s"),
        ):
            sample.get_request_id()
        over.set()

    def test_the_other_side_goes_on_with_the_time_it_was_given(self, calling: Any) -> None:
        sample = calling(keeping(get_request_id=lambda: str(seconds_left())))
        with budget(1.5):
            assert 0.5 < float(sample.get_request_id()) < 1.5 - 2 * 0.05 + 0.01

    def test_outside_a_request_it_may_take_ten_seconds(self, calling: Any) -> None:
        sample = calling(keeping(get_request_id=lambda: str(seconds_left())))
        assert 8 < float(sample.get_request_id()) <= 10

    def test_nobody_is_asked_when_the_time_is_used_up(self, calling: Any) -> None:
        asked: list[str] = []
        sample = calling(keeping(note=lambda *, text: asked.append(text)))
        sample.note(text="a")
        with budget(0.04), pytest.raises(Unavailable, match="is used up"):
            sample.note(text="b")
        assert asked == ["a"]

    def test_a_wider_budget_inside_gives_no_more_time(self) -> None:
        with budget(1), budget(60):
            assert seconds_left() < 1


class TestRepeating:
    @pytest.fixture
    def failing(self, calling: Any) -> tuple[Sample, list[str]]:
        """Its database is away, and says so each time it is asked."""
        asked: list[str] = []

        def get_language() -> str:
            asked.append("once")
            raise OperationalError("2006 gone away at 10.0.0.7")

        def note(*, text: str) -> None:
            get_language()

        return calling(keeping(get_language=get_language, note=note)), asked

    def test_a_read_is_tried_once_more(self, failing: tuple[Sample, list[str]]) -> None:
        sample, asked = failing
        with pytest.raises(Unavailable) as caught:
            sample.get_language()
        assert len(asked) == 2
        assert "10.0.0.7" not in str(caught.value)

    def test_anything_else_is_not(self, failing: tuple[Sample, list[str]]) -> None:
        sample, asked = failing
        with pytest.raises(Unavailable):
            sample.note(text="x")
        assert len(asked) == 1

    def test_when_most_calls_fail_nothing_is_repeated(self, failing: tuple[Sample, list[str]]) -> None:
        sample, asked = failing
        for _ in range(20):
            with pytest.raises(Unavailable):
                sample.get_language()
        assert 20 < len(asked) < 28
        asked.clear()
        with pytest.raises(Unavailable):
            sample.get_language()
        assert len(asked) == 1

    def test_after_enough_that_succeed_it_is_again(self) -> None:
        tokens = RetryTokens()
        for _ in range(6):
            tokens.note(success=False)
        assert not tokens.allow()
        for _ in range(11):
            tokens.note(success=True)
        assert tokens.allow()

    @pytest.mark.parametrize("error", [ZeroDivisionError(), Refused("no")])
    def test_an_answer_that_is_no_result_is_not_repeated(self, calling: Any, error: Exception) -> None:
        asked: list[str] = []

        def fail() -> str:
            asked.append("once")
            raise error

        with pytest.raises((Refused, CallFailed)):
            calling(keeping(get_language=fail)).get_language()
        assert len(asked) == 1

    def test_a_call_that_took_too_long_is_not_repeated(self, calling: Any) -> None:
        asked: list[str] = []
        over = threading.Event()

        def slow() -> str:
            asked.append("once")
            return str(over.wait(30))

        sample = calling(keeping(get_language=slow))
        with budget(0.5), pytest.raises(Unavailable):
            sample.get_language()
        over.set()
        assert len(asked) == 1


class TestTurns:
    def test_every_address_has_its_turn(self, calling: Any) -> None:
        one, two = keeping(get_language=lambda: "one"), keeping(get_language=lambda: "two")
        sample = calling(one, two)
        assert sorted(sample.get_language() for _ in range(10)) == ["one"] * 5 + ["two"] * 5

    def test_a_read_is_repeated_somewhere_else(self, declared: Contract) -> None:
        def fail() -> str:
            raise OperationalError("gone away")

        with (
            remotely.running((declared, keeping(get_language=fail))) as bad,
            remotely.running((declared, keeper)) as good,
            remotely.reached(bad, good) as peer,
        ):
            sample = remote(declared, peer)
            sample.get_hidden()
            peer._turn = itertools.repeat(0)  # type: ignore[assignment]  as when others took the turns between
            assert sample.get_language() == "en"

    def test_a_dead_one_is_left_out_for_whatever_is_asked(self, calling: Any) -> None:
        noted: list[str] = []
        sample = calling(keeping(note=lambda *, text: noted.append(text)), dead=2)
        for number in range(10):
            sample.note(text=str(number))
        assert noted == [str(number) for number in range(10)]

    def test_one_that_comes_back_is_asked_again(self, declared: Contract) -> None:
        port = servers.free_port()
        with remotely.reached(f"127.0.0.1:{port}") as peer:
            sample = remote(declared, peer)
            with taking(less_than=SOON), pytest.raises(Unavailable, match="does not answer"):
                sample.get_language()
            with remotely.running((declared, keeper), port=port):
                answered_within(30, sample.get_language)
            with taking(less_than=SOON), pytest.raises(Unavailable):
                sample.get_language()

    def test_where_all_are_down_nobody_waits(self, calling: Any) -> None:
        sample = calling(dead=3)
        for _ in range(3):
            with taking(less_than=SOON), pytest.raises(Unavailable, match="does not answer"):
                sample.get_language()


def answered_within(seconds: float, ask: Callable[[], Any]) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            ask()
            return
        except Unavailable:
            assert time.monotonic() < until
            time.sleep(0.05)


class TestTooManyAtOnce:
    @pytest.fixture
    def held(self, calling: Any) -> Iterator[tuple[Sample, list[str]]]:
        """A service of which one call may be waited for at a time, and where one waits."""
        over, asked = threading.Event(), threading.Event()
        answers: list[str] = []

        def slow() -> str:
            asked.set()
            over.wait(30)
            return "slow"

        sample = calling(keeping(get_hidden=slow), at_once=1)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: answers.append(sample.get_hidden()))
            assert asked.wait(30)
            threading.Timer(0.6, over.set).start()
            yield sample, answers
            waiting.result(30)
            assert answers == ["slow"]

    def test_a_request_that_is_one_too_many_goes_without(self, held: tuple[Sample, list[str]]) -> None:
        sample, answers = held
        with (
            taking(less_than=0.5),
            budget(2),
            pytest.raises(Unavailable, match="1 calls wait for it already"),
        ):
            sample.get_language()
        assert answers == []

    def test_a_job_takes_its_turn(self, held: tuple[Sample, list[str]]) -> None:
        sample, _answers = held
        assert sample.get_language() == "en"

    def test_ordinary_calls_of_the_same_moment_all_pass(
        self, calling: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Four threads of a web process, of which one may wait: what comes back soon keeps nobody out."""
        monkeypatch.setattr("seam.peer.PATIENCE", 15)  # a busy machine is slow, not wrong
        sample = calling(keeper, at_once=1)

        def ask(_number: int) -> str:
            with budget(20):
                return sample.get_request_id()

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, range(40))) == [""] * 40


class TestWhatComesBack:
    @pytest.mark.parametrize("away", [OperationalError("x"), InterfaceError("x"), Unavailable("media, too")])
    def test_a_service_whose_database_or_own_service_is_away_is_away(
        self, calling: Any, away: Exception
    ) -> None:
        def fail(*, text: str) -> None:
            raise away

        with pytest.raises(Unavailable):
            calling(keeping(note=fail)).note(text="x")

    def test_a_bug_is_named_and_nothing_more(self, calling: Any) -> None:
        with pytest.raises(CallFailed) as caught:
            calling(keeper).get_failure(kind="bug")
        assert type(caught.value) is CallFailed
        assert str(caught.value) == "sample.get_failure failed: ZeroDivisionError."

    def test_a_long_error_in_any_script_arrives_whole(self, calling: Any) -> None:
        def refuse(*, text: str) -> None:
            raise Refused("ñ琥🙂" * 2000, why="é" * 5000)

        with pytest.raises(Refused) as caught:
            calling(keeping(note=refuse)).note(text="x")
        assert str(caught.value) == "ñ琥🙂" * 2000
        assert caught.value.fields == {"why": "é" * 5000}

    def test_a_large_answer_arrives_and_a_huge_one_is_a_failure(self, calling: Any) -> None:
        size = iter([MAX_MESSAGE_BYTES - 1000, MAX_MESSAGE_BYTES + 1])
        sample = calling(keeping(get_language=lambda: "x" * next(size)))
        assert len(sample.get_language()) == MAX_MESSAGE_BYTES - 1000
        with pytest.raises(CallFailed, match="RESOURCE_EXHAUSTED"):
            sample.get_language()


class TestProcesses:
    """What can only be seen in a process of its own."""

    def run(self, *lines: str) -> str:
        code = "\n".join(["import os, sys, django", "django.setup()", *lines])
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(servers.ROOT)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @pytest.mark.parametrize("library", ["grpc", "redis"])
    def test_a_site_in_one_process_does_not_load(self, library: str) -> None:
        """Starting is most of what a command costs: what nobody uses here takes no time of it."""
        assert self.run(f"print({library!r} in sys.modules)") == "False\n"

    def test_after_a_fork_it_is_opened_anew(self, declared: Contract) -> None:
        with remotely.running((declared, keeper)) as address:
            said = self.run(
                "from seam.contract import read_contract",
                "from seam.registry import registry",
                "from seam.remote import remote",
                "from tests import remotely",
                "from tests.seam import sample",
                "contract = read_contract('sample', sample)",
                "registry.declare(contract)",
                f"with remotely.reached({address!r}) as peer:",
                "    ask = remote(contract, peer).get_language",
                "    print(ask(), flush=True)",
                "    opened = peer._open()",
                "    if os.fork() == 0:",
                "        print(ask(), peer._open() is opened, flush=True)",
                "        os._exit(0)",
                "    print(os.wait()[1], ask(), peer._open() is opened)",
            )
        assert said == "en\nen False\n0 en True\n"
