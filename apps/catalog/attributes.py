"""Attributes and the values items share: found, or made the first time they are named."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy

from apps.catalog import kept
from apps.catalog.bulk import insert
from apps.catalog.drafts import Fact, FactValue
from apps.catalog.localized import Translations
from apps.catalog.models import Attribute, AttributeValue, ItemAttribute, Kind, Listing, ListingWord, new_id
from apps.catalog.text import slug_of, words

# A longer text is prose: it is shown with its item, and nobody wants a list of the same.
LISTED_LENGTH = 200
LABEL_LENGTH = 120  # of an attribute's name in another language
TAKEN = gettext_lazy("Another attribute has or had this name. Choose another one.")
# Values of one attribute that have names in another language: filters read all of them beside each of its values.
MOST_NAMES = 200


def is_listed(value: AttributeValue) -> bool:
    """Whether all items of this value are kept as a list, for its page or for a filter."""
    wanted = value.attribute.is_browsable or value.attribute.is_facet
    return wanted and len(value.text) <= LISTED_LENGTH


def has_page(value: AttributeValue) -> bool:
    return value.attribute.is_browsable and is_listed(value)


def values_of(facts: Iterable[Fact]) -> dict[Fact, AttributeValue]:
    """The value each fact names, with its attribute; made where it is new. Call under kept.lock()."""
    wanted = {fact: unsaved_value(fact.value) for fact in facts}
    attributes = _attributes({fact.name for fact in wanted})
    groups: defaultdict[Attribute, dict[str, AttributeValue]] = defaultdict(dict)
    for fact, value in wanted.items():
        value.attribute = attributes[slug_of(fact.name)]
        groups[value.attribute].setdefault(value.slug, value)
    found = {attribute.pk: _existing(attribute, group) for attribute, group in groups.items()}
    _make(
        value
        for attribute, group in groups.items()
        for slug, value in group.items()
        if slug not in found[attribute.pk]
    )
    return {
        fact: found[value.attribute_id].get(value.slug) or groups[value.attribute][value.slug]
        for fact, value in wanted.items()
    }


def unsaved_value(value: FactValue) -> AttributeValue:
    if isinstance(value, Decimal):
        text = format(value.normalize(), "f")
        return AttributeValue(kind=Kind.NUMBER, slug=text, text=text, number=value)
    if isinstance(value, date):
        return AttributeValue(kind=Kind.DATE, slug=value.isoformat(), text=value.isoformat(), date=value)
    return AttributeValue(kind=Kind.TEXT, slug=slug_of(value), text=value)


def named(names: Iterable[str]) -> dict[str, Attribute]:
    """The attributes there are of these names, in whatever language, by the slug of the name."""
    slugs = {slug_of(name) for name in names}
    found = Attribute.objects.in_bulk(list(slugs), field_name="key")
    if missing := slugs - found.keys():
        found |= {slug: one for slug, one in _by_label().items() if slug in missing}
    return found


def _attributes(names: set[str]) -> dict[str, Attribute]:
    labels = {slug_of(name): name for name in sorted(names, reverse=True)}
    found = named(names)
    new = [Attribute(key=key, label=label) for key, label in labels.items() if key not in found]
    if new:
        Attribute.objects.bulk_create(new)
        kept.touch(Listing.SHAPE)
    return found | {attribute.key: attribute for attribute in new}


def keys_of(names: Iterable[str]) -> dict[str, str]:
    """The key of the attribute that each name leads to, or that it would have."""
    slugs = {name: slug_of(name) for name in names}
    known = named(slugs)
    return {name: known[slug].key if slug in known else slug for name, slug in slugs.items()}


def stamp(attribute: Attribute) -> str:
    """Of what can be changed of it: who brings it back has seen what is being changed."""
    said = [
        attribute.label,
        attribute.translations,
        attribute.is_facet,
        attribute.is_browsable,
        attribute.position,
    ]
    return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=8).hexdigest()


def is_taken(label: str, *, by_other_than: Attribute) -> bool:
    """Whether another attribute is called so, in whatever language."""
    found = named([label]).get(slug_of(label))
    return found is not None and found != by_other_than


def _by_label() -> dict[str, Attribute]:
    """By what they are called by now, or in other languages: a Spanish editor's "Artista" is "Artist"."""
    all_there_are = Attribute.objects.order_by("-key")
    translated = {
        slug_of(texts["label"]): one
        for one in all_there_are
        for texts in one.translations.values()
        if texts.get("label")
    }
    return translated | {slug_of(one.label): one for one in all_there_are}


def _existing(attribute: Attribute, slugs: Iterable[str]) -> dict[str, AttributeValue]:
    rows = [
        row
        for some in kept.chunks(slugs)
        for row in AttributeValue.objects.filter(attribute=attribute, slug__in=some)
    ]
    for row in rows:
        row.attribute = attribute
    return {row.slug: row for row in rows}


def _make(values: Iterable[AttributeValue]) -> None:
    new = list(values)
    for value in new:
        value.listing_id = new_id()
    Listing.objects.bulk_create([Listing(pk=value.pk) for value in new], batch_size=1000)
    insert(new)
    _name_values(new)


def _name_values(values: Iterable[AttributeValue]) -> None:
    # Also where no list of them is kept for now: somebody may want one tomorrow.
    texts = [value for value in values if value.kind == Kind.TEXT and len(value.text) <= LISTED_LENGTH]
    name_listings({value.pk: " ".join([value.text, *value.translated.values()]) for value in texts})


def rename_values(was: Attribute, attribute: Attribute) -> bool:
    """Let people find those values that are called otherwise in another language by now; whether there are any."""
    changed = names_of_values(attribute.translations) ^ names_of_values(was.translations)
    values = _existing(attribute, {slug for slug, _language, _name in changed}).values()
    for some in kept.chunks(value.pk for value in values):
        ListingWord.objects.filter(listing__in=some).delete()
    _name_values(values)
    return bool(values)


def names_of_values(translations: Translations) -> set[tuple[str, str, str]]:
    """The slug of each value that has another name in a language, the language and that name."""
    return {
        (slug, language, name)
        for language, texts in translations.items()
        for slug, name in texts.get("values", {}).items()
    }


def in_use() -> QuerySet[Attribute]:
    """Those that an item has, in order. The others came by a slip of the pen, or are of items that are gone."""
    items = ItemAttribute.objects.filter(value__attribute=OuterRef("pk"))
    return Attribute.objects.filter(Exists(items)).order_by("position", "label", "pk")


def texts_of(attribute: Attribute) -> QuerySet[AttributeValue]:
    """Those of its values that may have other names."""
    texts = AttributeValue.objects.filter(attribute=attribute, kind=Kind.TEXT)
    return texts.annotate(length=Length("text")).filter(length__lte=LISTED_LENGTH)


def values_in_use(attribute: Attribute, most: int) -> list[AttributeValue]:
    """Texts that items have for it, the most frequent first; none where there are more than `most`."""
    items = ItemAttribute.objects.filter(value=OuterRef("pk"))
    texts = texts_of(attribute).filter(Exists(items)).select_related("listing")
    found = list(texts.order_by("slug")[: most + 1])
    return sorted(found, key=lambda value: -value.listing.items) if len(found) <= most else []


def values_that_begin(name: str, begin: str, most: int) -> list[str]:
    """Texts that items have for the attribute of that name."""
    begin = "-".join(words(begin))[:80]
    attribute = named([name]).get(slug_of(name))
    rows = AttributeValue.objects.filter(attribute=attribute, kind=Kind.TEXT, slug__gte=begin)
    found = rows.filter(slug__lt=begin + "\U0010ffff").order_by("slug").values_list("text", flat=True)
    return list(found[:most])


def name_listings(names: dict[int, str]) -> None:
    """Keep the words by which people may look for these listings."""
    rows = [ListingWord(word=word, listing_id=pk) for pk, name in names.items() for word in set(words(name))]
    ListingWord.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def define(
    name: str,
    *,
    label: str,
    translations: Translations,
    is_facet: bool,
    is_browsable: bool,
    position: int,
) -> tuple[Attribute, bool]:
    """The attribute of that name as described, and whether items that use it must be listed anew."""
    attribute, made = Attribute.objects.get_or_create(key=slug_of(name), defaults={"label": name})
    was = copy(attribute)
    if label and not is_taken(label, by_other_than=attribute):
        attribute.label = label
    relist = not made and (attribute.is_browsable, attribute.is_facet) != (is_browsable, is_facet)
    attribute.translations, attribute.position = translations, position
    attribute.is_facet, attribute.is_browsable = is_facet, is_browsable
    attribute.save()
    kept.touch(Listing.SHAPE)
    return attribute, rename_values(was, attribute) or relist
