"""Transactions that lose against another at the same rows, and are simply done again."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError

P = ParamSpec("P")
T = TypeVar("T")

# MySQL: "Deadlock found when trying to get lock", "Lock wait timeout exceeded". Both roll back.
LOST = {1213, 1205}
# Seconds. Somebody waits for the answer, and would rather wait five seconds than hear that it failed.
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 1, 2)


def is_conflict(error: DatabaseError) -> bool:
    """Whether the transaction certainly did nothing, and may well succeed when done again."""
    lost = isinstance(error, OperationalError) and bool(error.args) and error.args[0] in LOST
    return lost or isinstance(error, IntegrityError)


def again_on_conflict(act: Callable[P, T]) -> Callable[P, T]:
    """Call again, a few times with pauses, what ended by a conflict; it must be right to do it again from its start."""

    @functools.wraps(act)
    def act_again(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in PAUSES:
            try:
                return act(*args, **kwargs)
            except DatabaseError as error:
                if not is_conflict(error):
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))
        return act(*args, **kwargs)

    return act_again
