"""Jobs of our own: shells of a few lines around service.py or functions/."""

from typing import Any

from apps.auth.sessions import CLEAR, SessionStore
from seam import Job


def clear_sessions(_data: dict[str, Any], _result: None) -> None:
    SessionStore.clear_expired()


JOBS: list[Job] = [Job(CLEAR, clear_sessions)]
