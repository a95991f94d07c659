"""What a mapping says: where in a record the key, the texts, the categories … are (docs/importing.md)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.catalog_import_chunk.values import Expression


@dataclass(frozen=True, kw_only=True)
class FileRules:
    """How the file is written, where that can't be seen from it. `decimal`: the mark in its numbers.

    `escapes`: in texts a backslash makes what follows it plain; \\uXXXX is a character by its number.
    """

    format: Literal["csv", "tsv", "jsonl", "json"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quotes: bool = True
    decimal: Literal[".", ","] = "."
    escapes: bool = False


@dataclass(frozen=True, kw_only=True)
class TextRules:
    title: Expression | None = None
    description: Expression | None = None


@dataclass(frozen=True, kw_only=True)
class ItemRules:
    """`key` tells the records of this source apart, and finds an item again when the import is run again.

    `status_source`, `published_at`: where a record says its own. `order`: the places its attributes' values have.
    """

    key: Expression
    title: Expression
    description: Expression | None = None
    slug: Expression | None = None
    status: Literal["published", "draft"] = "published"
    status_source: Expression | None = None
    published_at: Expression | None = None
    order: Expression | None = None
    translations: dict[str, TextRules] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CategoryRules:
    """Each `[]` of a path is one level of the tree. `split`: between categories, `levels`: between levels."""

    source: Expression
    split: str = ""
    levels: str = ""
    under: list[str] = field(default_factory=list)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AttributeRules:
    """`labels`: its name in other languages; `values`: what its values are called there. `split`: between several
    values. `format` of dates as in strptime.

    `pages`: each of its values has a page; `filter`: it is offered beside lists and search results; `position`: where
    it stands among others, unless that is where it stands here.
    """

    name: str
    source: Expression
    type: Literal["text", "number", "date"] = "text"
    split: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    format: str = ""
    invalid: Literal["reject", "skip"] = "reject"
    pages: bool = True
    filter: bool = True
    position: int | None = None


@dataclass(frozen=True, kw_only=True)
class PriceRules:
    """`currency` is an ISO 4217 code for all; `currency_source` says where each record names its own."""

    source: Expression
    currency: str = ""
    currency_source: Expression | None = None


@dataclass(frozen=True, kw_only=True)
class PictureRules:
    """`folder`: where the files are, relative to the data file. `alt`: what there is to see.

    `ids`: what stands there are no files but ids of pictures that the site has.
    """

    source: Expression
    split: str = ""
    folder: str = ""
    alt: Expression | None = None
    ids: bool = False


@dataclass(frozen=True, kw_only=True)
class TreeRules:
    """A category that is to be there, by the address it has, before any record names it."""

    path: str
    title: str
    labels: dict[str, str] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Mapping:
    item: ItemRules
    name: str = ""
    tree: list[TreeRules] = field(default_factory=list)
    file: FileRules = field(default_factory=FileRules)
    categories: list[CategoryRules] = field(default_factory=list)
    attributes: list[AttributeRules] = field(default_factory=list)
    price: PriceRules | None = None
    pictures: PictureRules | None = None
    defaults: dict[str, str] = field(default_factory=dict)

    def columns(self) -> list[str]:
        """Every column a delimited file must have."""
        paths = (path.text for expression in self._expressions() for path in expression.paths)
        return [name for name in dict.fromkeys(paths) if name not in self.defaults]

    def _expressions(self) -> Iterator[Expression]:
        one = [self.item.key, self.item.title, self.item.description, self.item.slug]
        one += [self.item.status_source, self.item.published_at, self.item.order]
        one += [
            text for rules in self.item.translations.values() for text in (rules.title, rules.description)
        ]
        one += [category.source for category in self.categories]
        one += [attribute.source for attribute in self.attributes]
        if self.price:
            one += [self.price.source, self.price.currency_source]
        if self.pictures:
            one += [self.pictures.source, self.pictures.alt]
        return (expression for expression in one if expression)


def as_table(rules: Any) -> Any:
    """The table, of plain values, that strict.build makes those rules of."""
    if isinstance(rules, Expression):
        return [alternative.text for alternative in rules.alternatives]
    if dataclasses.is_dataclass(rules):
        values = ((one.name, getattr(rules, one.name)) for one in dataclasses.fields(rules))
        return {name: as_table(value) for name, value in values if value is not None}
    if isinstance(rules, dict):
        return {name: as_table(value) for name, value in rules.items()}
    return [as_table(one) for one in rules] if isinstance(rules, list) else rules
