"""Keeps the sample contract."""

from __future__ import annotations

from contextvars import ContextVar

from django.db import OperationalError
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.media.contract import AssetNotFound
from seam.request import current_request_id
from tests.seam.sample import Refused, Thing

hidden: ContextVar[str] = ContextVar("hidden", default="")
noted: list[str] = []


def get_thing(*, thing: Thing) -> Thing:
    return thing


def get_maybe(*, thing: Thing | None = None) -> Thing | None:
    return thing


def list_numbers(*, numbers: list[int], times: int = 2) -> list[int]:
    if len(numbers) > 3:
        raise Refused(_("Search"), limit="3", given=str(len(numbers)))
    return numbers * times


def note(*, text: str) -> None:
    noted.append(text)


def get_request_id() -> str:
    return current_request_id()


def get_language() -> str:
    return translation.get_language() or ""


def get_hidden() -> str:
    return hidden.get()


def get_failure(*, kind: str) -> str:
    raise {
        "bug": ZeroDivisionError("1/0 at 10.0.0.7"),
        "foreign": AssetNotFound("not ours"),
        "database": OperationalError("2006 gone away at 10.0.0.7"),
    }[kind]
