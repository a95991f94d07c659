"""Getting a text out of a record: paths, templates over them, and the first of several that gives one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from functions.catalog_import_chunk.records import RecordProblem
from functions.catalog_import_chunk.words import gettext as _

EACH: Final = -1
STEP = re.compile(r"(?P<name>[^.\[\]]+)?(?P<marks>(?:\[\d*\])*)")
MARK = re.compile(r"\[(\d*)\]")
PLACE = re.compile(r"\{([^{}]+)\}")
JOIN = ", "


@dataclass(frozen=True)
class Path:
    """`dateRange.startYear`, `contributors[0].fc`, `contributors[].fc`; or the exact name of a column."""

    text: str
    steps: tuple[str | int, ...]

    @classmethod
    def parse(cls, text: str) -> Path:
        """Raises ValueError with a sentence."""
        steps: list[str | int] = []
        for part in text.split("."):
            match = STEP.fullmatch(part)
            if not match or not part:
                raise ValueError(
                    _(
                        "“%(path)s” is not a path. Write names with dots between them, "
                        "[] for each of a list, [0] for its first."
                    )
                    % {"path": text}
                )
            steps += [match["name"]] if match["name"] else []
            steps += [int(mark) if mark else EACH for mark in MARK.findall(match["marks"])]
        return cls(text, tuple(steps))

    @property
    def column(self) -> str:
        return self.text

    def values(self, data: dict[str, Any]) -> list[Any]:
        """All that the path leads to, without what is null or missing."""
        if self.text in data:
            return _present(data[self.text])
        if len(self.steps) == 1:
            return []
        return list(_follow(data, self.steps))

    def texts(self, data: dict[str, Any]) -> list[str]:
        """Raises RecordProblem when it leads to a list or an object."""
        found = [as_text(value, self.text) for value in self.values(data)]
        return [text for text in found if text]


def _present(value: Any) -> list[Any]:
    return [] if value is None else [value]


def _follow(value: Any, steps: tuple[str | int, ...]) -> Iterator[Any]:
    for number, step in enumerate(steps):
        if step == EACH:
            for inner in value if isinstance(value, list) else ():
                yield from _follow(inner, steps[number + 1 :])
            return
        value = step_into(value, step)
    if value is not None:
        yield value


def step_into(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, dict) else None
    return value[step] if isinstance(value, list) and step < len(value) else None


def as_text(value: Any, where: str) -> str:
    """A value as people read it, with LF line ends and nothing around it."""
    if isinstance(value, str):
        return _clean(value, where)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if value is None:
        return ""
    raise RecordProblem(
        _("“%(where)s” holds a list or an object. Name what is in it, like %(where)s.name or %(where)s[].")
        % {"where": where}
    )


def _clean(text: str, where: str) -> str:
    if "\0" in text:
        raise RecordProblem(_("“%(where)s” holds a NUL character.") % {"where": where})
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise RecordProblem(
                _("“%(where)s” holds half a character (a lone surrogate).") % {"where": where}
            ) from error
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


@dataclass(frozen=True)
class Template:
    """`{title} ({dateText})`: a text only if every place in it has one."""

    text: str
    places: tuple[Path, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        return cls(text, tuple(Path.parse(place.strip()) for place in PLACE.findall(text)))

    def texts(self, data: dict[str, Any]) -> list[str]:
        filled = [JOIN.join(path.texts(data)) for path in self.places]
        if not all(filled):
            return []
        rest = iter(filled)
        return [PLACE.sub(lambda _match: next(rest), self.text).strip()]


@dataclass(frozen=True)
class Expression:
    """The first of its alternatives that gives something."""

    alternatives: tuple[Path | Template, ...]

    @classmethod
    def parse(cls, value: str | list[str]) -> Expression:
        """Raises ValueError with a sentence."""
        texts = [value] if isinstance(value, str) else value
        if not texts or not all(text.strip() for text in texts):
            raise ValueError(_("Name at least one column or path."))
        return cls(tuple((Template if "{" in text else Path).parse(text.strip()) for text in texts))

    @property
    def paths(self) -> list[Path]:
        return [
            path
            for one in self.alternatives
            for path in (one.places if isinstance(one, Template) else (one,))
        ]

    def texts(self, data: dict[str, Any]) -> list[str]:
        for alternative in self.alternatives:
            if found := alternative.texts(data):
                return found
        return []

    def text(self, data: dict[str, Any]) -> str:
        return JOIN.join(self.texts(data))
