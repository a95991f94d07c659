"""The rejects file: one JSON object a line, with the line number, the reason and the record as it stood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from functions.catalog_import_chunk.records import ImportProblem, Rejected

SHOWN = 5


class Rejects:
    """Made when the first record is rejected. `first` are the first few, to show on the screen."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.first: list[Rejected] = []
        self._file: IO[str] | None = None

    def __call__(self, rejected: Rejected) -> None:
        if len(self.first) < SHOWN:
            self.first.append(rejected)
        if self.path:
            self._file = self._file or _opened(self.path)
            self._file.write(as_line(rejected))

    def close(self) -> None:
        if self._file:
            self._file.close()

    def forget_earlier(self) -> None:
        """When a run went through without rejects, the file of an earlier one would mislead."""
        if self.path and not self._file:
            self.path.unlink(missing_ok=True)


def as_line(rejected: Rejected) -> str:
    said = {"line": rejected.line, "reason": rejected.reason, "record": rejected.record}
    if rejected.last_line not in (None, rejected.line):
        said["last_line"] = rejected.last_line
    # As ASCII, so that half characters of a broken record can be written too.
    return json.dumps(said) + "\n"


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise ImportProblem(
            _("The rejects file %(path)s can't be written: %(reason)s. Name another one: --rejects …")
            % {"path": path, "reason": error.strerror}
        ) from error
