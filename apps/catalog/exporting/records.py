"""Items as records: what each says, so that the import reads exactly that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.catalog.localized import OWN
from apps.catalog.models import Attribute, AttributeValue, Item, Kind
from apps.catalog.text import slug_of
from apps.catalog.wholes import Whole, load

AT_ONCE = 500
MARK, LEVEL = "|", "/"
Record = dict[str, Any]

# What the import would trim; in a title it joins what stands together, and line breaks too.
TRIMMED = r"^\s+|\s+\Z"
IN_TEXT = re.compile(rf"[\\{MARK}]|[^\S \n]|{TRIMMED}")
IN_TITLE = re.compile(rf"[\\{MARK}]|[^\S ]|{TRIMMED}|(?<=\s)\s+")
FORMULA = re.compile(r"^[=+@-]")  # a spreadsheet would run it


class ChangedMeanwhile(Exception):
    """The catalogue gained an attribute after the columns were written; the message says what to do."""


@dataclass(frozen=True)
class Column:
    """The values of one kind that items have for an attribute."""

    attribute: Attribute
    kind: str

    @property
    def name(self) -> str:
        """Under `attributes`; keys of attributes hold no colon."""
        return self.attribute.key if self.kind == Kind.TEXT else f"{self.attribute.key}:{self.kind}"

    @property
    def label(self) -> str:
        """A name of which an import makes this very key."""
        is_kept = slug_of(self.attribute.label) == self.attribute.key
        return self.attribute.label if is_kept else self.attribute.key


def columns() -> list[Column]:
    """One for each attribute and kind of its values, in the order of the attributes."""
    kinds = set(AttributeValue.objects.order_by().values_list("attribute", "kind").distinct())
    attributes = Attribute.objects.order_by("position", "label", "pk")
    return [Column(one, kind) for one in attributes for kind in Kind.values if (one.pk, kind) in kinds]


def records(known: Sequence[Column], *, published_only: bool = False) -> Iterator[Record]:
    """All items, drafts too unless told otherwise; AT_ONCE of them are in memory. Raises ChangedMeanwhile."""
    places = {(column.attribute.pk, column.kind): column for column in known}
    for items in _in_parts(published_only):
        yield from (_record(whole, places) for whole in load(items))


def _in_parts(published_only: bool) -> Iterator[list[Item]]:
    rows: QuerySet[Item] = Item.objects.order_by("pk")
    rows = rows.filter(is_published=True) if published_only else rows
    items = list(rows[:AT_ONCE])
    while items:
        yield items
        items = list(rows.filter(pk__gt=items[-1].pk)[:AT_ONCE])


def _record(whole: Whole, places: dict[tuple[int, str], Column]) -> Record:
    item = whole.item
    attributes, order = _attributes(whole.values, places)
    return {
        "key": item.pk.hex,
        "slug": item.slug,
        "title": _kept(item.title, IN_TITLE),
        "description": _kept(item.description, IN_TEXT),
        "translations": {
            language: {
                "title": _kept(item.translations.get(language, {}).get("title", ""), IN_TITLE),
                "description": _kept(item.translations.get(language, {}).get("description", ""), IN_TEXT),
            }
            for language in languages()
        },
        "status": "published" if item.is_published else "draft",
        "published_at": item.published_at.isoformat() if item.published_at else "",
        "price": "" if item.price is None else str(item.price),
        "currency": item.currency,
        "categories": [category.path for category in whole.categories],
        "pictures": [str(asset_id) for asset_id in whole.pictures],
        "attributes": attributes,
        "order": order,
    }


def languages() -> list[str]:
    """Those of translations."""
    return [code for code, _name in settings.LANGUAGES if code != OWN]


def _attributes(
    values: Iterable[AttributeValue], places: dict[tuple[int, str], Column]
) -> tuple[dict[str, list[str]], str]:
    """Texts by column, and where each of them stood in the item; "" where that follows from the columns."""
    found: dict[str, list[tuple[int, str]]] = {column.name: [] for column in places.values()}
    for number, value in enumerate(values):
        column = places.get((value.attribute_id, value.kind))
        if column is None:
            raise ChangedMeanwhile(
                _("Somebody added the attribute “%(name)s” during the export. Export again.")
                % {"name": value.attribute.label}
            )
        text = _kept(value.text, IN_TEXT) if value.kind == Kind.TEXT else value.text
        found[column.name].append((number, text))
    stood = [number for texts in found.values() for number, _text in texts]
    order = [stood.index(number) for number in range(len(stood))]
    said = " ".join(map(str, order)) if stood != sorted(stood) else ""
    return {name: [text for _number, text in texts] for name, texts in found.items()}, said


def _kept(text: str, unkept: re.Pattern[str]) -> str:
    """With backslashes, so that the import changes nothing and a spreadsheet runs nothing."""
    return FORMULA.sub(_by_number, unkept.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"\\{one}" if one in f"\\{MARK}" else f"\\u{ord(one):04x}" for one in match[0])


def _by_number(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
