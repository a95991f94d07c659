"""What passes from the readers to the writer: a record, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

# A larger record is rejected. JSON of small things takes fifty times its size once it is read, hence no more.
MAX_RECORD_BYTES = 1024 * 1024
SHOWN = 2_000


class ImportProblem(Exception):
    """The import can't go on. The message is a sentence for people that says what to do."""


class RecordProblem(Exception):
    """This record can't be taken; the next one may. The message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stood in the file. `line` counts from 1, `size` is in bytes or characters."""

    line: int
    data: dict[str, Any]
    size: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was not taken. `last_line` differs from `line` where it spans several lines."""

    line: int
    reason: str
    record: Any
    last_line: int | None = None


Outcome: TypeAlias = Record | Rejected


def shown(text: bytes | str, most: int = SHOWN) -> str:
    """The beginning of a text that may be long, such as a record nobody could read."""
    whole = text.decode(errors="replace") if isinstance(text, bytes) else text
    return whole[:most].rstrip("\r\n") + ("…" if len(whole) > most else "")
