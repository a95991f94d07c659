"""Mapped items into the catalogue, a batch in one transaction: known keys are updated, new ones created."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.translation import gettext as _

from apps.catalog import categories, kept, statistics
from apps.catalog.attributes import named
from apps.catalog.drafts import Draft, Fact
from apps.catalog.importing.mapped import MappedItem
from apps.catalog.importing.pictures import Pictures
from apps.catalog.importing.run import Entry, Written
from apps.catalog.models import Category, ImportedRecord, Item
from apps.catalog.service import change_items, create_items, define_attribute
from apps.catalog.text import slug_of
from apps.catalog.wholes import Whole, load
from functions.catalog_import_chunk.records import RecordProblem, Rejected
from functions.catalog_import_chunk.rules import AttributeRules, Mapping
from seam import atomic


@dataclass
class Row:
    """An entry on its way. `digest` "" marks an item that lacks a picture: the next run tries again."""

    entry: Entry
    digest: str
    pictures: list[UUID] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # why each picture is that it lacks

    @property
    def item(self) -> MappedItem:
        return self.entry.item

    def lacking(self) -> Rejected:
        return self.entry.rejected(
            _("The item is taken, but not all its pictures. %(reasons)s")
            % {"reasons": " ".join(self.missing)}
        )


class CatalogWriter:
    """Writes the batches of one run. `owner_id`: whose the items are that it creates."""

    def __init__(self, mapping: Mapping, pictures: Pictures, owner_id: UUID | None = None) -> None:
        self._mapping = mapping
        self._pictures = pictures
        self._owner_id = owner_id
        self._run = uuid4()
        self._has_written = False
        self._has_begun = False
        self._labels = _category_labels(mapping)
        self._mapped: set[str] = set()  # keys of the attributes that the mapping tells of

    def write(self, batch: list[Entry]) -> Written:
        """All of the batch or nothing of it."""
        written = Written()
        rows = [
            Row(entry, entry.item.digest(*self._pictures.signatures(entry.item.pictures))) for entry in batch
        ]
        self._take_pictures(rows)
        with atomic("catalog"):
            kept.lock()
            if not self._has_begun:
                self._make_tree()
                self._define_attributes()
            known = self._recall(rows)
            rows = self._first_of_each_key(rows, known, written)
            new = [row for row in rows if row.item.key not in known]
            changed = [
                row for row in rows if row.item.key in known and known[row.item.key].digest != row.digest
            ]
            self._create(new)
            self._change(changed, known)
            self._remember(rows, known)
        self._has_begun = True
        written.lacking = [row.lacking() for row in rows if row.missing]
        written.left_out = sum(len(row.missing) for row in rows)
        written.created, written.updated = len(new), len(changed)
        self._has_written = self._has_written or bool(new or changed)
        written.unchanged = len(rows) - len(new) - len(changed)
        return written

    def finish(self) -> None:
        if self._has_written:
            statistics.refresh()

    def _take_pictures(self, rows: list[Row]) -> None:
        """Before the transaction, for media is another context. Nothing to do for items that stay as they are."""
        rows = [row for row in rows if row.item.pictures]
        known = self._recall(rows) if rows else {}
        for row in rows:
            before = known.get(row.item.key)
            if before is None or before.digest != row.digest:
                self._take_pictures_of(row)

    def _take_pictures_of(self, row: Row) -> None:
        for name in row.item.pictures:
            try:
                row.pictures.append(self._pictures.take(name, row.item.alt))
            except RecordProblem as problem:
                row.missing.append(str(problem))
                row.digest = ""

    def _make_tree(self) -> None:
        """The categories the mapping lists, where they are new, also those that hold nothing."""
        told = {
            rules.path: categories.Told(
                rules.title,
                {language: {"title": title} for language, title in rules.labels.items()},
                rules.position,
            )
            for rules in self._mapping.tree
        }
        if told:
            categories.ensure({tuple(path.split("/")) for path in told}, told=told)

    def _define_attributes(self) -> None:
        """As the mapping says, where they are new; afterwards they belong to the site's staff."""
        attributes = named(rules.name for rules in self._mapping.attributes)
        for position, rules in enumerate(self._mapping.attributes):
            slug = slug_of(rules.name)
            if slug not in attributes:
                attributes[slug] = define_attribute(
                    rules.name,
                    label=rules.labels.get(settings.LANGUAGE_CODE, ""),
                    translations=_translations(rules),
                    is_facet=rules.filter,
                    is_browsable=rules.pages,
                    position=position if rules.position is None else rules.position,
                )
        self._mapped = {attribute.key for attribute in attributes.values()}

    def _recall(self, rows: Iterable[Row]) -> dict[str, ImportedRecord]:
        return {
            record.key: record
            for keys in kept.chunks(row.item.key for row in rows)
            for record in ImportedRecord.objects.filter(source=self._mapping.name, key__in=keys)
        }

    def _first_of_each_key(
        self, rows: list[Row], known: dict[str, ImportedRecord], written: Written
    ) -> list[Row]:
        first: dict[str, Row] = {}
        for row in rows:
            seen = known.get(row.item.key)
            if row.item.key in first or (seen and seen.run == self._run):
                written.rejected.append(row.entry.again())
            else:
                first[row.item.key] = row
        return list(first.values())

    def _create(self, rows: list[Row]) -> None:
        items = [
            Item(
                owner_id=self._owner_id,
                is_published=row.item.published,
                published_at=row.item.published_at,
            )
            for row in rows
        ]
        placed = self._placed(rows)
        drafts = [
            replace(row.item.draft, categories=place, pictures=row.pictures)
            for row, place in zip(rows, placed, strict=True)
        ]
        if items:
            create_items(items, drafts)
        ImportedRecord.objects.bulk_create(
            ImportedRecord(
                source=self._mapping.name, key=row.item.key, item=item, digest=row.digest, run=self._run
            )
            for row, item in zip(rows, items, strict=True)
        )

    def _change(self, rows: list[Row], known: dict[str, ImportedRecord]) -> None:
        items = Item.objects.in_bulk([known[row.item.key].item_id for row in rows])
        wholes = load(items[known[row.item.key].item_id] for row in rows)
        drafts = [
            self._merged(whole, row, place)
            for whole, row, place in zip(wholes, rows, self._placed(rows), strict=True)
        ]
        if drafts:
            change_items([whole.item for whole in wholes], drafts)

    def _placed(self, rows: list[Row]) -> list[list[int]]:
        paths = {path for row in rows for path in row.item.categories}
        found: dict[tuple[str, ...], Category] = categories.ensure(paths, self._labels) if paths else {}
        return [[found[path].pk for path in row.item.categories] for row in rows]

    def _merged(self, whole: Whole, row: Row, place: list[int]) -> Draft:
        """What the record says; and of what the mapping says nothing, what the item said already."""
        mapping, new, item = self._mapping, row.item.draft, whole.item
        own = [
            Fact(name=v.attribute.label, value=v.typed)
            for v in whole.values
            if v.attribute.key not in self._mapped
        ]
        return replace(
            new,
            slug="",  # an item keeps its address
            description=new.description if mapping.item.description else item.description,
            translations={
                language: item.translations.get(language, {}) | new.translations.get(language, {})
                for language in item.translations.keys() | new.translations.keys()
            },
            price=new.price if mapping.price else item.price,
            currency=new.currency if mapping.price else item.currency,
            categories=place if mapping.categories else [category.pk for category in whole.categories],
            facts=[*new.facts, *own],
            pictures=row.pictures if mapping.pictures else whole.pictures,
        )

    def _remember(self, rows: list[Row], known: dict[str, ImportedRecord]) -> None:
        seen = [(row, known[row.item.key]) for row in rows if row.item.key in known]
        for some in kept.chunks(record.pk for _row, record in seen):
            ImportedRecord.objects.filter(pk__in=some).update(run=self._run)
        changed = [(row, record) for row, record in seen if record.digest != row.digest]
        for row, record in changed:
            record.digest = row.digest
        ImportedRecord.objects.bulk_update([record for _row, record in changed], ["digest"], batch_size=200)


def _translations(rules: AttributeRules) -> dict[str, dict[str, Any]]:
    """What other languages call the attribute and its values, which go by their slugs."""
    found: dict[str, dict[str, Any]] = {}
    for language in sorted((rules.labels.keys() | rules.values.keys()) - {settings.LANGUAGE_CODE}):
        values = {slug_of(text): name.strip() for text, name in rules.values.get(language, {}).items()}
        said = {"label": rules.labels.get(language, ""), "values": values}
        found[language] = {name: words for name, words in said.items() if words}
    return found


def _category_labels(mapping: Mapping) -> dict[str, dict[str, dict[str, str]]]:
    """Name -> {"es": {"title": …}}."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for rules in mapping.categories:
        for language, labels in rules.labels.items():
            for name, label in labels.items():
                found.setdefault(name, {})[language] = {"title": label}
    return found
