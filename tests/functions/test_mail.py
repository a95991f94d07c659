"""functions/auth_send_mail: a mail by SMTP, here, behind the CloudEvents adapter and as a Lambda."""

from __future__ import annotations

import email
import email.policy
import smtplib
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from apps.auth.tasks import JOBS
from functions.auth_send_mail.handler import handle, message
from seam import Function
from seam.functions import FunctionFailed
from tests.functions.postbox import Postbox, postbox
from tests.functions.serving import KEY, function_server, lambda_server

MAIL = {
    "subject": "Confirm your address, señora",
    "from": "Prints & Co <hello@example.com>",
    "to": ["alice@example.com", "bob@example.com"],
    "text": "Follow https://shop.example.com/accounts/confirm-email/abc/ please.\n.\nA dot alone, and ñ.\n",
    "html": "<p>Follow <a href='https://shop.example.com/'>this</a> – please.</p>",
    "message_id": "<1@shop.example.com>",
    "date": "Thu, 26 Nov 2026 08:00:00 +0000",
}
WAYS = {"here": lambda name, env: nullcontext(""), "http": function_server, "lambda": lambda_server}


@pytest.fixture(scope="module")
def box() -> Iterator[Postbox]:
    with postbox() as running:
        yield running


@pytest.fixture
def here(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> Postbox:
    monkeypatch.setenv("EMAIL_URL", box.url)
    box.mails.clear()
    box.refuses = False
    return box


@pytest.fixture(scope="module", params=WAYS)
def url(request: pytest.FixtureRequest, box: Postbox) -> Iterator[str]:
    with WAYS[request.param]("auth_send_mail", {"EMAIL_URL": box.url}) as url:
        yield url


def sent(url: str, settings: Any, data: dict[str, Any]) -> dict[str, Any]:
    settings.FUNCTIONS, settings.FUNCTION_KEYS = ({"auth_send_mail": url} if url else {}), (KEY,)
    return Function("auth_send_mail", handle)(data, subject="a test", seconds=60)


@pytest.mark.slow
@pytest.mark.xdist_group("functions")
def test_a_mail_arrives_the_same_each_way(url: str, settings: Any, here: Postbox) -> None:
    assert sent(url, settings, MAIL) == {"message_id": "<1@shop.example.com>"}
    assert handle(MAIL, None) == {"message_id": "<1@shop.example.com>"}
    ours, directly = (readable(mail) for mail in here.mails)
    assert ours == directly
    assert ours["Subject"] == MAIL["subject"]
    assert ours["text/html"] == MAIL["html"]
    assert ours["text/plain"] == MAIL["text"]


def readable(mail: bytes) -> dict[str, str]:
    """Headers and parts; the line between the parts is another each time."""
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    headers = {name: str(value) for name, value in parsed.items() if name != "Content-Type"}
    parts = {
        part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in parsed.iter_parts()
    }
    return headers | {kind: text.strip() if kind == "text/html" else text for kind, text in parts.items()}


@pytest.mark.slow
@pytest.mark.xdist_group("functions")
def test_a_server_that_refuses_fails_the_job_each_way(url: str, settings: Any, here: Postbox) -> None:
    here.refuses = True
    with pytest.raises((smtplib.SMTPRecipientsRefused, FunctionFailed), match="not now"):
        sent(url, settings, MAIL)
    assert here.mails == []


def test_the_job_opens_what_was_sealed_before_it_gives_it_away() -> None:
    from apps.auth.sealing import seal

    function = next(job.function for job in JOBS if job.name == "auth.send_mail")
    assert function is not None
    assert function.given({"sealed": seal(MAIL)}) == MAIL


@pytest.mark.parametrize("header", ["subject", "from", "message_id", "date"])
def test_a_line_end_in_a_header_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline|CR|LF"):
        message(MAIL | {header: "Hello\r\nBcc: eve@example.com"})


def test_an_address_with_a_line_end_is_refused(here: Postbox) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline|CR|LF"):
        handle(MAIL | {"to": ["alice@example.com\r\nBcc: eve@example.com"]}, None)
    assert here.mails == []


@pytest.mark.parametrize(
    "wrong",
    [{}, MAIL | {"to": []}, MAIL | {"to": "alice@example.com"}, MAIL | {"text": None}, MAIL | {"to": [1]}],
)
def test_what_is_no_mail_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="A mail needs the texts subject"):
        handle(wrong, None)


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://mail.example.com", "smtp://"])
def test_without_a_mail_server_it_says_what_to_set(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ValueError, match="Set EMAIL_URL"):
        handle(MAIL, None)


def test_it_prints_where_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMAIL_URL", "consolemail://")
    for html in ("", MAIL["html"]):
        handle(MAIL | {"html": html}, None)
        said = capsys.readouterr().out
        assert "To: alice@example.com, bob@example.com\n" in said
        assert said.endswith(f"\n{'-' * 79}\n")
        assert said.index("Content-Type: ") < said.index("To: "), (
            "where whoever looks for mails in a log begins"
        )


class Recorded:
    """Stands where smtplib's classes stand, to see how the connection is kept private."""

    def __init__(self, name: str, calls: list[Any]) -> None:
        self.name, self.calls = name, calls

    def __call__(self, host: str, port: int, timeout: int, context: Any = None) -> Recorded:
        self.calls.append((self.name, host, port))
        assert context is None or context.check_hostname
        return self

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append("closed")

    def starttls(self, context: Any) -> None:
        assert context.check_hostname
        self.calls.append("starttls")

    def login(self, user: str, password: str) -> None:
        self.calls.append(("login", user, password))

    def send_message(self, mail: Any) -> None:
        self.calls.append("sent")


@pytest.mark.parametrize(
    ("url", "calls"),
    [
        ("smtp://m:2525", [("SMTP", "m", 2525), "sent", "closed"]),
        ("smtp+tls://u:p%40w@m", [("SMTP", "m", 587), "starttls", ("login", "u", "p@w"), "sent", "closed"]),
        ("smtp+ssl://u:p@m", [("SMTP_SSL", "m", 465), ("login", "u", "p"), "sent", "closed"]),
    ],
)
def test_the_url_says_how_the_connection_is_kept_private(
    url: str, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    for name in ("SMTP", "SMTP_SSL"):
        monkeypatch.setattr(smtplib, name, Recorded(name, heard))
    monkeypatch.setenv("EMAIL_URL", url)
    handle(MAIL, None)
    assert heard == calls
