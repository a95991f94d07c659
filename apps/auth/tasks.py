"""Jobs of our own: shells of a few lines around service.py or functions/."""

from typing import Any

from apps.auth.mails import SEND, opened, send
from apps.auth.sessions import CLEAR, SessionStore
from seam import Function, Job


def clear_sessions(_data: dict[str, Any], _result: None) -> None:
    SessionStore.clear_expired()


def _nothing_more(_data: dict[str, Any], _result: dict[str, Any]) -> None:
    """The mail is on its way."""


# 20 attempts are spread over two hours, and a link to set a new password lives for three.
PATIENT = 20

JOBS: list[Job] = [
    Job(CLEAR, clear_sessions),
    Job(
        SEND,
        function=Function("auth_send_mail", send, given=opened),
        effect=_nothing_more,
        max_attempts=PATIENT,
        time_limit=60,
    ),
]
