"""What must reach no log and no event: the mark `Sensitive`, and the values that carry it at this moment."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, TypeVar

T = TypeVar("T")


class _Mark:
    """One of a kind."""


_MARK = _Mark()
# `Sensitive[str]` crosses between contexts as `str` does.
Sensitive = Annotated[T, _MARK]

_at_hand: ContextVar[tuple[str, ...]] = ContextVar("sensitive", default=())


def is_sensitive(hint: Any) -> bool:
    """Whether a type, read with its extras, is marked or holds what is: `list[Sensitive[str]]`."""
    return _MARK in getattr(hint, "__metadata__", ()) or any(map(is_sensitive, typing.get_args(hint)))


def sensitive_values() -> tuple[str, ...]:
    """What was brought to the call that is served here, and must not be repeated."""
    return _at_hand.get()


@contextmanager
def handling(values: Iterable[str]) -> Iterator[None]:
    """Whatever is logged inside leaves these out."""
    token = _at_hand.set((*_at_hand.get(), *values))
    try:
        yield
    finally:
        _at_hand.reset(token)
