"""What happened on each topology, in words that are the same on all of them, so that two can be compared."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Ids, and the names of files that are made of them.
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:[0-9a-f]{32}|[0-9a-f]{64}|\d{16,19})\b")
SHOWN = 300
# What differs between any two requests, or any two starts of one site.
OF_THE_MOMENT = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(\+00:00|Z)"), "‹time›"),
    (re.compile(r"(?<=<time )[^>]*>[^<]*"), "‹time›>"),
    (re.compile(r'(?<=csrfmiddlewaretoken" value=")\w+'), "‹token›"),
    (re.compile(r'(?<="version":")\d+|(?<="version": ")\d+'), "‹version›"),
)


@dataclass(frozen=True)
class Ledger:
    """One folder for all topologies of a test run, whichever process drives them."""

    folder: Path

    def compare(self, journey: str, topology: str, happened: Any) -> None:
        """Note it. Raises AssertionError, with the differences, where another topology's note says otherwise."""
        mine = json.dumps(happened, indent=1, ensure_ascii=False, sort_keys=True)
        self.folder.joinpath(f"{journey}@{topology}").write_text(mine)
        for noted in sorted(self.folder.glob(f"{journey}@*")):
            other = noted.read_text()
            lines = difflib.unified_diff(
                other.splitlines(), mine.splitlines(), noted.name, f"{journey}@{topology}", lineterm="", n=1
            )
            assert mine == other, "\n".join(line[:SHOWN] for line in lines)


class Words:
    """Puts what a site said into words that don't tell which site said it: ids by order of appearance."""

    def __init__(self, url: str) -> None:
        self.url, self.ids = url, dict[str, str]()

    def plain(self, text: str) -> str:
        text = text.replace(self.url, "‹site›")
        for pattern, word in OF_THE_MOMENT:
            text = pattern.sub(word, text)
        return ID.sub(
            lambda found: self.ids.setdefault(found[0].replace("-", ""), f"‹id {len(self.ids) + 1}›"), text
        )

    def plain_value(self, value: Any) -> Any:
        """The same for JSON values."""
        return json.loads(self.plain(json.dumps(value, ensure_ascii=False, sort_keys=True)))
