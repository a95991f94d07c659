"""What a record became: the item as it will stand in the catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from apps.catalog.checks import check
from apps.catalog.contract import InvalidItem
from apps.catalog.drafts import Draft, Fact, FactValue
from functions.catalog_import_chunk.records import RecordProblem


@dataclass(frozen=True, slots=True)
class MappedItem:
    """`draft` has neither categories nor pictures yet: here are their names, categories from the root down."""

    key: str
    draft: Draft
    published: bool
    published_at: datetime | None = None
    categories: tuple[tuple[str, ...], ...] = ()
    pictures: tuple[str, ...] = ()
    alt: str = ""

    def digest(self, *more: str) -> str:
        """Equal for items that are the same in all that the import writes, and for which `more` is the same."""
        draft = self.draft
        facts = [(fact.name, type(fact.value).__name__, str(fact.value)) for fact in draft.facts]
        texts = (draft.title, draft.description, draft.translations, str(draft.price), draft.currency)
        plain = json.dumps([texts, facts, self.categories, self.pictures, self.alt, more])
        return blake2b(plain.encode(), digest_size=16).hexdigest()


def item_of(plain: dict[str, Any]) -> MappedItem:
    """The item that those plain values describe. Raises RecordProblem for one that can't be kept."""
    draft = Draft(
        title=plain["title"],
        slug=plain["slug"],
        description=plain["description"],
        translations=plain["translations"],
        facts=[Fact(name=name, value=_value(kind, text)) for name, kind, text in plain["facts"]],
        price=None if plain["price"] is None else Decimal(plain["price"]),
        currency=plain["currency"],
    )
    try:
        check(draft)
    except InvalidItem as invalid:
        raise RecordProblem(str(invalid)) from invalid
    return MappedItem(
        key=plain["key"],
        draft=draft,
        published=plain["published"],
        # An older function elsewhere knows nothing of it.
        published_at=datetime.fromisoformat(plain["published_at"]) if plain.get("published_at") else None,
        categories=tuple(tuple(names) for names in plain["categories"]),
        pictures=tuple(plain["pictures"]),
        alt=plain["alt"],
    )


def _value(kind: str, text: str) -> FactValue:
    if kind == "number":
        return Decimal(text)
    return date.fromisoformat(text) if kind == "date" else text
