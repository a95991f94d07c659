"""One record by the mapping's rules: what the item will say, as plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from functions.catalog_import_chunk.records import RecordProblem
from functions.catalog_import_chunk.rules import AttributeRules, CategoryRules, Mapping, PictureRules
from functions.catalog_import_chunk.values import EACH, Expression, Path, as_text, step_into
from functions.catalog_import_chunk.words import gettext as _

NUMBER = {
    mark: re.compile(
        rf"[+-]?\d{{1,40}}({re.escape(mark)}\d{{1,40}})?(e[+-]?\d{{1,2}})?", re.ASCII | re.IGNORECASE
    )
    for mark in ".,"
}
# Both marks together have one reading, 1.234,50. A lone 1.234 may have been meant either way, and is none.
GROUPED = {
    mark: re.compile(
        rf"[+-]?\d{{1,3}}({re.escape(other)}\d{{3}}){{1,12}}{re.escape(mark)}\d{{1,40}}", re.ASCII
    )
    for mark, other in (".,", ",.")
}
KEY_LENGTH = 191
CATEGORY_LENGTH = 200
LEVELS = 10
ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(.))", re.DOTALL)


class Mapper:
    """Applies a mapping to records. `skipped` counts values left out because of `invalid = "skip"`."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._decimal = mapping.file.decimal
        self._escapes = mapping.file.escapes
        self._plain = unescaped if mapping.file.escapes else str
        self.skipped: dict[str, int] = {}

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Key, texts, facts, price … as plain values. Raises RecordProblem."""
        rules, data = self._mapping.item, self._with_defaults(record)
        price, currency = self._price(data)
        return {
            "key": _short_enough("key", self._required("key", data), KEY_LENGTH),
            "title": self._plain(_one_line(self._required("title", data))),
            "slug": rules.slug.text(data) if rules.slug else "",
            "description": self._plain(rules.description.text(data)) if rules.description else "",
            "translations": self._translations(data),
            "facts": self._ordered(list(self._facts(data)), data),
            "price": price,
            "currency": currency,
            "published": self._is_published(data),
            "published_at": self._published_at(data),
            "categories": list(self._categories(data)),
            "pictures": list(_pictures(self._mapping.pictures, data)),
            "alt": self._alt(data),
        }

    def _with_defaults(self, data: dict[str, Any]) -> dict[str, Any]:
        if not self._mapping.defaults:
            return data
        return data | {
            name: value
            for name, value in self._mapping.defaults.items()
            if not any(Path.parse(name).texts(data))
        }

    def _required(self, what: str, data: dict[str, Any]) -> str:
        expression: Expression = getattr(self._mapping.item, what)
        text = expression.text(data)
        if not text:
            source = " / ".join(path.text for path in expression.paths)
            raise RecordProblem(
                _("There is no %(what)s: “%(source)s” is empty.") % {"what": what, "source": source}
            )
        return text

    def _translations(self, data: dict[str, Any]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for language, rules in self._mapping.item.translations.items():
            title = self._plain(_one_line(rules.title.text(data))) if rules.title else ""
            description = self._plain(rules.description.text(data)) if rules.description else ""
            if texts := {k: v for k, v in (("title", title), ("description", description)) if v}:
                found[language] = texts
        return found

    def _categories(self, data: dict[str, Any]) -> Iterator[list[str]]:
        seen: set[tuple[str, ...]] = set()
        for rules in self._mapping.categories:
            for names in _category_paths(rules, data):
                if names and (whole := (*rules.under, *names)) not in seen:
                    seen.add(whole)
                    yield self._checked_category(whole)

    def _checked_category(self, names: tuple[str, ...]) -> list[str]:
        if len(names) > LEVELS:
            raise RecordProblem(
                _("A category has %(levels)d levels; at most %(limit)d are kept.")
                % {"levels": len(names), "limit": LEVELS}
            )
        return [_short_enough("category", _one_line(name), CATEGORY_LENGTH) for name in names]

    def _facts(self, data: dict[str, Any]) -> Iterator[list[str]]:
        for rules in self._mapping.attributes:
            texts = rules.source.texts(data)
            parts = _split_escaped(texts, rules.split) if self._escapes else _split(texts, rules.split)
            for text in map(self._plain, parts):
                try:
                    yield [rules.name, rules.type, self._typed(rules, text)]
                except RecordProblem:
                    if rules.invalid == "reject":
                        raise
                    self.skipped[rules.name] = self.skipped.get(rules.name, 0) + 1

    def _ordered(self, facts: list[list[str]], data: dict[str, Any]) -> list[list[str]]:
        """As the record says, `2 0 1`; as they came where it says nothing, or something about others."""
        order = self._mapping.item.order.text(data).split() if self._mapping.item.order else []
        if sorted(order) != sorted(map(str, range(len(facts)))):
            return facts
        return [facts[int(place)] for place in order]

    def _is_published(self, data: dict[str, Any]) -> bool:
        rules = self._mapping.item
        status = rules.status_source.text(data) if rules.status_source else ""
        if status not in ("", "published", "draft"):
            raise RecordProblem(
                _("The status is “%(status)s”; it can be published or draft.") % {"status": status[:40]}
            )
        return (status or rules.status) == "published"

    def _published_at(self, data: dict[str, Any]) -> str:
        text = self._mapping.item.published_at.text(data) if self._mapping.item.published_at else ""
        try:
            return datetime.fromisoformat(text).astimezone(UTC).isoformat() if text else ""
        except (ValueError, OverflowError) as error:
            raise RecordProblem(
                _("“%(text)s” is not a moment written like %(example)s.")
                % {"text": text[:40], "example": "2026-01-31T18:00:00Z"}
            ) from error

    def _typed(self, rules: AttributeRules, text: str) -> str:
        if rules.type == "number":
            return number(rules.name, text, self._decimal)
        return _date(rules, text).isoformat() if rules.type == "date" else text

    def _price(self, data: dict[str, Any]) -> tuple[str | None, str]:
        rules = self._mapping.price
        text = rules.source.text(data) if rules else ""
        if not rules or not text:
            return None, ""
        currency = rules.currency_source.text(data) if rules.currency_source else rules.currency
        return number("price", text, self._decimal), currency.upper()

    def _alt(self, data: dict[str, Any]) -> str:
        rules = self._mapping.pictures
        return rules.alt.text(data) if rules and rules.alt else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _short_enough(what: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise RecordProblem(
            _("The %(what)s has %(length)d characters; at most %(limit)d are kept.")
            % {"what": what, "length": len(text), "limit": limit}
        )
    return text


def number(what: str, text: str, decimal: str = ".") -> str:
    """A number, as Decimal reads it; `decimal` is the mark before its decimals. Raises RecordProblem."""
    if GROUPED[decimal].fullmatch(text):
        return text.replace("," if decimal == "." else ".", "").replace(",", ".")
    if not NUMBER[decimal].fullmatch(text):
        raise RecordProblem(
            _(
                "%(what)s: “%(text)s” is not a number. "
                "Write it like %(example)s, without currency or thousands marks."
            )
            % {"what": what, "text": text[:40], "example": f"1234{decimal}5"}
        )
    return text.replace(",", ".")


def _date(rules: AttributeRules, text: str) -> date:
    try:
        return datetime.strptime(text, rules.format).date() if rules.format else date.fromisoformat(text)  # noqa: DTZ007
    except ValueError as error:
        raise RecordProblem(
            _(
                "%(what)s: “%(text)s” is not a date written like %(example)s. "
                "Say how dates are written with format."
            )
            % {"what": rules.name, "text": text[:40], "example": rules.format or "2026-01-31"}
        ) from error


def _category_paths(rules: CategoryRules, data: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for alternative in rules.source.alternatives:
        if isinstance(alternative, Path) and EACH in alternative.steps and alternative.text not in data:
            branches = _tree(data, alternative.steps, alternative.text)
            found = [tuple(_split(list(names), rules.levels)) for names in branches]
        else:
            texts = alternative.texts(data)
            found = [path for text in texts for path in _written(text, rules)]
        if found:
            yield from found
            return


def _written(text: str, rules: CategoryRules) -> Iterator[tuple[str, ...]]:
    for one in _split([text], rules.split):
        yield tuple(_split([one], rules.levels))


def _tree(node: Any, steps: tuple[str | int, ...], where: str) -> Iterator[tuple[str, ...]]:
    """Every branch to its end: `a[].b[].name` gives (name of a, name of b), or (name of a,) without b."""
    label = steps[len(steps) - steps[::-1].index(EACH) :]
    if EACH not in steps:
        return
    cut = steps.index(EACH)
    for step in steps[:cut]:
        node = step_into(node, step)
    for child in node if isinstance(node, list) else ():
        name = child
        for step in label:
            name = step_into(name, step)
        if text := as_text(name, where):
            rest = steps[cut + 1 :]
            deeper = list(_tree(child, rest, where)) if EACH in rest else []
            yield from ((text, *names) for names in deeper or [()])


def _pictures(rules: PictureRules | None, data: dict[str, Any]) -> Iterator[str]:
    if rules:
        yield from _split(rules.source.texts(data), rules.split)


def unescaped(text: str) -> str:
    r"""What is meant: `\|` is a bar, `\\` a backslash, `\u00a0` the character of that number."""
    return ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)


def _split_escaped(texts: list[str], mark: str) -> Iterator[str]:
    """Where the mark stands without a backslash before it."""
    parts = rf"(?:\\.|(?!{re.escape(mark)}).)+" if mark else r".+"
    for text in texts:
        yield from (part.strip() for part in re.findall(parts, text, re.DOTALL) if part.strip())


def _split(texts: list[str], mark: str) -> Iterator[str]:
    for text in texts:
        yield from (part.strip() for part in (text.split(mark) if mark else [text]) if part.strip())
