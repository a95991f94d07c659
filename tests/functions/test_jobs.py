"""Jobs whose work is a function elsewhere: asked, believed, tried again, parked, and never half done."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from functions.runtime.answering import Answer, refusal
from functions.runtime.answering import Function as Deployed
from seam import Files, Function, Job
from seam import functions as seam_functions
from seam.functions import MOST_BYTES, FunctionFailed
from seam.jobs import run_due
from seam.registry import registry
from seam.request import request_id
from seam.rows import Status, retry
from tests.functions.lending import LendingMemory, lending
from tests.seam.jobs import ask, having, jobs, leave_mark, make_due, marks

pytestmark = pytest.mark.slow

KEYS = ("the key of these tests and their functions",)
CATALOG = "catalog"


def double(data: dict[str, Any], storage: Any) -> dict[str, Any]:
    if data.get("file"):
        storage.write("twice", storage.read(data["file"]) * 2, "text/plain")
    if data.get("fail"):
        raise RuntimeError(data["fail"])
    return {"double": data.get("number", 0) * 2}


class Host(ThreadingHTTPServer):
    """Where a function is deployed; `answers` may be replaced to answer as others would."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.answers: Callable[[dict[str, str], bytes], Answer] = Deployed("double", double, KEYS).answer
        self.heard: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


class Call(BaseHTTPRequestHandler):
    server: Host

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(json.loads(body))
        answer = self.server.answers(dict(self.headers.items()), body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(answer.body)
        except ConnectionError:
            pass  # who asked has heard enough

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def host(settings: Any) -> Iterator[Host]:
    """A function called `double`, and a site that sends its jobs there."""
    with Host() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.FUNCTIONS, settings.FUNCTION_KEYS = {"double": server.url}, KEYS
        yield server
        server.shutdown()


function = Function("double", double)
job = Job("catalog.double", function=function, effect=leave_mark, max_attempts=2, time_limit=30)


def called(given: dict[str, Any], function: Function = function) -> Any:
    return function(given, subject="a test", seconds=20)


def test_a_job_has_work_or_a_function_and_not_both() -> None:
    with pytest.raises(ValueError, match="not both"):
        Job("catalog.double", function=function, work=double, effect=leave_mark)


def test_here_and_elsewhere_the_result_is_the_same(host: Host, settings: Any) -> None:
    elsewhere = called({"number": 21})
    settings.FUNCTIONS = {}
    assert called({"number": 21}) == elsewhere == {"double": 42}
    assert len(host.heard) == 1


def test_it_is_asked_with_an_event_that_says_whose_it_is(host: Host) -> None:
    with request_id("r-1"):
        called({"number": 1})
    [event] = host.heard
    assert (event["specversion"], event["type"]) == ("1.0", "offshoot.double.asked")
    assert (event["subject"], event["requestid"]) == ("a test", "r-1")
    assert event["data"] == {"input": {"number": 1}, "read": {}, "write": {}}


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_it_reaches_the_files_its_job_names_and_no_others(host: Host, settings: Any, where: str) -> None:
    with lending() as storage:
        storage.files |= {"one": b"ab", "other": b"secret"}
        files = Files(read={"one": storage}, write={"twice": (storage, "text/plain")})
        limited = Function("double", double, files=lambda data: files)
        if where == "here":
            settings.FUNCTIONS = {}
        called({"file": "one"}, limited)
        assert storage.files["twice"] == b"abab"
        called({"file": "one"}, limited)
        assert storage.files["twice"] == b"abab", "it replaces what is there"
        with pytest.raises((PermissionError, FunctionFailed), match="nothing called 'other' to read"):
            called({"file": "other"}, limited)
        none_to_write = Function("double", double, files=lambda data: Files(read={"one": storage}))
        with pytest.raises((PermissionError, FunctionFailed), match="nothing called 'twice' be written"):
            called({"file": "one"}, none_to_write)
        html = Files(read={"one": storage}, write={"twice": (storage, "text/html")})
        with pytest.raises((PermissionError, FunctionFailed), match="be written as text/plain"):
            called({"file": "one"}, Function("double", double, files=lambda data: html))


def test_a_storage_that_keeps_a_file_under_another_name_is_told(settings: Any) -> None:
    class Renaming(LendingMemory):
        def get_available_name(self, name: str, max_length: int | None = None) -> str:
            return f"{name}-1"

    storage = Renaming()
    storage.files["one"] = b"ab"
    files = Files(read={"one": storage}, write={"twice": (storage, "text/plain")})
    with pytest.raises(OSError, match="must replace what is there"):
        called({"file": "one"}, Function("double", double, files=lambda data: files))
    assert set(storage.files) == {"one"}


def test_an_answer_of_somebody_without_the_key_is_not_believed(host: Host) -> None:
    impostor = Deployed(
        "double", lambda data, storage: {"double": 666}, ("some other key of forty characters long",)
    )
    real = host.answers

    def answers(headers: dict[str, str], body: bytes) -> Answer:
        asked = real(headers, body)
        return impostor._signed(200, json.loads(body)["id"], "done", json.loads(asked.body)["data"])

    host.answers = answers
    with pytest.raises(FunctionFailed, match="The signature does not fit"):
        called({"number": 1})


def test_an_answer_that_was_changed_on_its_way_is_not_believed(host: Host) -> None:
    real = host.answers

    def answers(headers: dict[str, str], body: bytes) -> Answer:
        answer = real(headers, body)
        return Answer(answer.status, answer.headers, answer.body.replace(b": 2}", b": 9}"))

    host.answers = answers
    with pytest.raises(FunctionFailed, match="The signature does not fit"):
        called({"number": 1})


def test_the_answer_to_another_question_is_not_believed(host: Host) -> None:
    kept: list[Answer] = []
    real = host.answers

    def answers(headers: dict[str, str], body: bytes) -> Answer:
        kept.append(real(headers, body))
        return kept[0]

    host.answers = answers
    assert called({"number": 1}) == {"double": 2}
    with pytest.raises(FunctionFailed, match="It answers another message"):
        called({"number": 2})


def test_a_question_sent_back_is_no_answer(host: Host) -> None:
    host.answers = lambda headers, body: Answer(200, headers, body)
    with pytest.raises(FunctionFailed, match="It answers another message"):
        called({"number": 1})


def test_without_the_site_s_key_the_function_does_nothing(host: Host, settings: Any) -> None:
    settings.FUNCTION_KEYS = ("another key than the one that it was given",)
    with pytest.raises(FunctionFailed, match=r"401, 'The signature does not fit\. Both sides need the same"):
        called({"number": 1})


def test_keys_change_in_three_steps_and_every_step_works(host: Host, settings: Any) -> None:
    new = "the new key, longer than thirty-two characters"
    host.answers = Deployed("double", double, (KEYS[0], new)).answer
    assert called({"number": 1}) == {"double": 2}
    settings.FUNCTION_KEYS = (new, KEYS[0])
    assert called({"number": 1}) == {"double": 2}
    host.answers = Deployed("double", double, (new,)).answer
    assert called({"number": 1}) == {"double": 2}
    settings.FUNCTION_KEYS = (new,)
    assert called({"number": 1}) == {"double": 2}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            refusal(200, "<html>Please sign in</html>"),
            "200, '<html>Please sign in</html>'. The message is not signed",
        ),
        (refusal(404, "no such thing"), "404, 'no such thing'"),
        (refusal(503, "busy"), "503, 'busy'"),
        (Answer(302, {"Location": "http://127.0.0.1:9/"}, b""), "302, ''"),
        (Answer(200, {}, b"\xff\x00garbage"), "garbage"),
        (Answer(200, {}, b"x" * (MOST_BYTES + 1)), f"it has more than {MOST_BYTES} bytes"),
    ],
    ids=["a portal", "404", "503", "elsewhere", "garbage", "huge"],
)
def test_what_is_no_answer_is_told(host: Host, answer: Answer, sentence: str) -> None:
    host.answers = lambda headers, body: answer
    with pytest.raises(FunctionFailed, match=r"double at http://127\.0\.0\.1") as failed:
        called({"number": 1})
    assert sentence in str(failed.value)


def test_signed_garbage_is_told_too(host: Host) -> None:
    from functions.runtime.signing import sign

    def answers(headers: dict[str, str], body: bytes) -> Answer:
        said = b"[]"
        message_id = f"answer-to-{json.loads(body)['id']}"
        return Answer(
            200, {"content-type": "application/cloudevents+json"} | sign(KEYS, message_id, said), said
        )

    host.answers = answers
    with pytest.raises(FunctionFailed, match="gave no answer that can be used"):
        called({"number": 1})


def test_more_than_can_travel_is_refused_here(host: Host) -> None:
    with pytest.raises(FunctionFailed, match=r"Name a file instead"):
        called({"text": "x" * MOST_BYTES})
    assert host.heard == []


def test_an_answer_that_drips_is_not_waited_for_for_ever(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    late = iter(range(0, 10_000, 19))
    monkeypatch.setattr(seam_functions, "time", SimpleNamespace(monotonic=lambda: next(late)))
    real = host.answers
    host.answers = lambda headers, body: Answer(200, real(headers, body).headers, b"x" * 1_000_000)
    with pytest.raises(FunctionFailed, match="it took more than 20 seconds"):
        called({"number": 1})


# As jobs


@pytest.mark.django_db(databases="__all__")
def test_the_effect_gets_what_the_function_answered(host: Host) -> None:
    with having(job):
        ask("catalog.double", {"number": 4})
        run_due(registry[CATALOG])
        assert jobs().get().status == Status.DONE
        assert [mark["result"] for mark in marks()] == [{"double": 8}]


@pytest.mark.django_db(databases="__all__")
def test_what_the_function_raises_is_the_job_s_last_error(host: Host) -> None:
    with having(job):
        ask("catalog.double", {"fail": "the disk is full"})
        run_due(registry[CATALOG])
        assert "double answered 500: RuntimeError: the disk is full" in jobs().get().last_error
        assert marks() == []


@pytest.mark.django_db(databases="__all__")
def test_a_dead_function_is_tried_again_then_parked_then_retried_by_hand(host: Host, settings: Any) -> None:
    host.shutdown()
    host.socket.close()
    with having(job):
        ask("catalog.double", {"number": 4})
        run_due(registry[CATALOG])
        row = jobs().get()
        assert (row.status, row.attempts) == (Status.WAITING, 1)
        assert "double at http://127.0.0.1" in row.last_error
        make_due(jobs())
        run_due(registry[CATALOG])
        assert jobs().get().status == Status.PARKED
        with Host() as revived:
            threading.Thread(target=revived.serve_forever, daemon=True).start()
            settings.FUNCTIONS = {"double": revived.url}
            retry(registry[CATALOG].job_table)
            run_due(registry[CATALOG])
            revived.shutdown()
        assert jobs().get().status == Status.DONE
        assert [mark["result"] for mark in marks()] == [{"double": 8}]
