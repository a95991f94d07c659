"""A function's answer to good, odd and hostile messages, without a server."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from functions.runtime import aws_lambda, signing
from functions.runtime.answering import MOST_BYTES, Answer, Function
from functions.runtime.http import app

KEYS = ("k" * 40,)


def handle(data: dict[str, Any], storage: Any) -> dict[str, Any]:
    match data["do"]:
        case "read":
            return {"read": storage.read("file").decode()}
        case "write":
            storage.write("file", b"", "image/png")
        case "fail":
            raise RuntimeError("the disk is full")
        case "large":
            return {"text": "x" * MOST_BYTES}
        case "nonsense":
            return {"number": float("nan")}
        case "exit":
            raise OSError("gone")
    return {"did": data["do"]}


function = Function("sample", handle, KEYS)


def event(**changes: Any) -> dict[str, Any]:
    data = {"input": {"do": "well"}, "read": {}, "write": {}}
    return {
        "specversion": "1.0",
        "id": "one",
        "source": "/tests",
        "type": "offshoot.sample.asked",
        "data": data,
    } | changes


def asked(do: str, **files: Any) -> dict[str, Any]:
    return event(data={"input": {"do": do}, "read": {}, "write": {}} | files)


def headers(body: bytes, keys: tuple[str, ...] = KEYS) -> dict[str, str]:
    return {"Content-Type": "application/cloudevents+json"} | signing.sign(keys, "one", body)


def answered(what: Any) -> Answer:
    body = what if isinstance(what, bytes) else json.dumps(what).encode()
    return function.answer(headers(body), body)


def said(answer: Answer) -> dict[str, Any]:
    return json.loads(answer.body)


def test_the_answer_is_an_event_signed_and_bound_to_what_was_asked() -> None:
    answer = answered(event())
    assert answer.status == 200
    assert said(answer)["data"] == {"did": "well"}
    assert said(answer)["type"] == "offshoot.sample.done"
    assert signing.verify(KEYS, answer.headers, answer.body) == "answer-to-one"


def test_nothing_is_done_for_who_has_not_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(event()).encode()
    silent = Function("sample", raising, KEYS)
    assert silent.answer(headers(body, ("o" * 40,)), body).status == 401
    assert silent.answer(headers(body), body.replace(b"well", b"evil")).status == 401
    assert silent.answer({"Content-Type": "application/cloudevents+json"}, body).status == 401
    old = headers(body)
    now = time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 301)
    assert silent.answer(old, body).status == 401


def raising(data: Any, storage: Any) -> dict[str, Any]:
    raise AssertionError("it was called")


def test_a_key_that_is_on_its_way_out_still_opens() -> None:
    body = json.dumps(event()).encode()
    rotated = Function("sample", handle, ("n" * 40, *KEYS))
    answer = rotated.answer(headers(body), body)
    assert answer.status == 200
    assert signing.verify(("n" * 40,), answer.headers, answer.body), "the first key signs"


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[1]",
        b"null",
        b"[" * 100_000,
        {"specversion": "1.0"},
        event(specversion="0.1"),
        event(type="offshoot.other.asked"),
        event(type="offshoot.sample.done"),
        event(time="yesterday"),
        event(data=None),
        event(data="text"),
        event(data={"input": {}}),
        event(data={"input": [], "read": {}, "write": {}}),
    ],
)
def test_what_is_no_event_for_it_is_refused_with_a_sentence(wrong: Any) -> None:
    answer = answered(wrong)
    assert answer.status == 400
    assert len(said(answer)["data"]["error"]) > 20
    assert signing.verify(KEYS, answer.headers, answer.body) == "answer-to-one"


def test_an_answer_sent_back_to_it_is_no_question() -> None:
    answer = answered(event())
    assert function.answer(answer.headers, answer.body).status == 400


def test_only_what_is_signed_counts() -> None:
    """Attributes in headers are not signed, so binary mode is refused."""
    body = json.dumps(event()["data"]).encode()
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": "one",
        "ce-source": "/x",
        "ce-type": "offshoot.sample.asked",
    }
    answer = function.answer(headers(body) | attributes | {"Content-Type": "application/json"}, body)
    assert answer.status == 400
    assert "structured mode" in said(answer)["data"]["error"]


@pytest.mark.parametrize(
    ("do", "sentence"),
    [
        ("fail", "RuntimeError: the disk is full"),
        ("large", "at most 4194304 can travel"),
        ("nonsense", "ValueError: Out of range float values are not JSON compliant"),
        ("read", "NotNamed: The job gives nothing called 'file' to read."),
        ("write", "NotNamed: The job lets nothing called 'file' be written as image/png."),
    ],
)
def test_what_went_wrong_is_told_signed(do: str, sentence: str, capfd: pytest.CaptureFixture[str]) -> None:
    answer = answered(asked(do))
    assert answer.status == 500
    assert sentence in said(answer)["data"]["error"]
    assert signing.verify(KEYS, answer.headers, answer.body) == "answer-to-one"
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", 1])
def test_a_file_is_reached_over_http_only(url: Any) -> None:
    answer = answered(asked("read", read={"file": url}))
    assert answer.status == 500
    assert "must be behind http" in said(answer)["data"]["error"]


def test_a_file_is_written_as_what_it_was_lent_for() -> None:
    lent = {"file": {"url": "http://127.0.0.1:9/", "content_type": "text/html"}}
    answer = answered(asked("write", write=lent))
    assert "be written as image/png" in said(answer)["data"]["error"]


def test_a_huge_event_is_refused_before_it_is_looked_at() -> None:
    assert function.answer({}, b" " * (MOST_BYTES + 1)).status == 413


# The HTTP adapter


def over_http(method: str = "POST", body: bytes = b"", **more: str) -> str:
    from io import BytesIO

    heard: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "wsgi.input": BytesIO(body),
        "CONTENT_TYPE": "application/cloudevents+json",
    }
    environ |= {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in signing.sign(KEYS, "one", body).items()}
    environ |= {"CONTENT_LENGTH": str(len(body))} | more
    app(function)(environ, lambda status, headers: heard.append(status))
    return heard[0]


def test_over_http_it_takes_a_post_that_says_how_long_it_is() -> None:
    body = json.dumps(event()).encode()
    assert over_http(body=body) == "200 OK"
    assert over_http("GET") == "200 OK"
    assert over_http("PUT", body) == "405 Method Not Allowed"
    assert over_http(body=body, CONTENT_LENGTH="") == "411 Length Required"
    assert over_http(body=body, CONTENT_LENGTH="-1") == "411 Length Required"
    assert over_http(body=body, CONTENT_LENGTH=str(MOST_BYTES + 1)).startswith("413 ")
    assert over_http(body=body, CONTENT_LENGTH="9" * 5000).startswith("413 ")


# The Lambda adapter


@pytest.fixture
def as_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_lambda, "deployed", lambda: function)


@pytest.mark.usefixtures("as_lambda")
def test_as_a_lambda_it_takes_what_api_gateway_and_function_urls_send() -> None:
    import base64

    body = json.dumps(event()).encode()
    plain = {"headers": headers(body), "body": body.decode(), "isBase64Encoded": False}
    encoded = {"headers": headers(body), "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    for call in (plain, encoded, plain | {"version": "2.0"}, plain | {"httpMethod": "POST"}):
        answer = aws_lambda.lambda_handler(call, None)
        assert answer["statusCode"] == 200, answer
        assert json.loads(answer["body"])["data"] == {"did": "well"}
        assert signing.verify(KEYS, answer["headers"], answer["body"].encode()) == "answer-to-one"


@pytest.mark.usefixtures("as_lambda")
@pytest.mark.parametrize(
    ("call", "status"),
    [
        (None, 400),
        ([], 400),
        ({}, 400),
        ({"headers": None, "body": "x"}, 400),
        ({"headers": {}, "body": "!", "isBase64Encoded": True}, 400),
        ({"headers": {}, "body": "\ud800"}, 400),
        ({"headers": {}, "body": "{}"}, 401),
    ],
)
def test_as_a_lambda_it_refuses_the_rest(call: Any, status: int) -> None:
    assert aws_lambda.lambda_handler(call, None)["statusCode"] == status
