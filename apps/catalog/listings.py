"""Which published items stand in which listing, with what they are sorted by; and the documents of search."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from apps.catalog import kept
from apps.catalog.attributes import is_listed
from apps.catalog.bulk import insert
from apps.catalog.categories import by_path, names_of, paths_to
from apps.catalog.models import Category, Item, Listing, ListingEntry, SearchDocument
from apps.catalog.text import price_key, title_key
from apps.catalog.wholes import Whole
from apps.catalog.wordings import PRICED, document, document_id, words_in


def relist(wholes: Iterable[Whole], *, new: bool = False) -> None:
    """Bring listings and search documents in line with the items; drafts stand in none. Call under kept.lock().

    `new`: none of them was ever listed, so there is nothing to look up or take away.
    """
    all_of_them = list(wholes)
    published = [whole for whole in all_of_them if whole.item.is_published]
    tree = by_path(category.path for whole in published for category in whole.categories)
    ids = [whole.item.pk for whole in all_of_them]
    before = {} if new else _listed(ids)
    growth: Counter[int] = Counter()
    entries: list[ListingEntry] = []
    for whole in published:
        places = set(_places(whole, tree))
        entries += _entries(whole.item, places)
        growth.update(places)
    for listing_ids in before.values():
        growth.subtract(listing_ids)
    if before:
        for some in kept.chunks(before):
            ListingEntry.objects.filter(item__in=some).delete()
    # Neighbours in the indexes together: a large import then touches each page of them once a batch.
    insert(sorted(entries, key=lambda entry: (entry.listing_id, entry.title_en)))
    kept.count(growth)
    documents = [document(whole, _names(whole, tree), _marked_places(whole, tree)) for whole in published]
    _redocument([] if new else ids, documents)


def _listed(ids: list[UUID]) -> dict[UUID, list[int]]:
    """Item id -> the listings it stands in now."""
    found: defaultdict[UUID, list[int]] = defaultdict(list)
    for some in kept.chunks(ids):
        for item, listing in ListingEntry.objects.filter(item__in=some).values_list("item_id", "listing_id"):
            found[item].append(listing)
    return found


def _places(whole: Whole, tree: dict[str, Category]) -> Iterator[int]:
    yield Listing.EVERYTHING
    for category in whole.categories:
        for path in paths_to(category.path):
            yield tree[path].pk
    for value in whole.values:
        if is_listed(value):
            yield value.pk


def _marked_places(whole: Whole, tree: dict[str, Category]) -> list[str]:
    above = {tree[path].pk for category in whole.categories for path in paths_to(category.path)}
    values = (value.pk for value in whole.values if is_listed(value) and value.attribute.is_facet)
    priced = [PRICED] if whole.item.price is not None else []
    return [*(f"c{pk}" for pk in sorted(above)), *(f"v{pk}" for pk in values), *priced]


def _entries(item: Item, places: set[int]) -> list[ListingEntry]:
    spanish = item.translations.get("es", {}).get("title") or item.title
    keys = {
        "item_id": item.pk,
        "version": item.version,
        "published_at": item.published_at,
        "title_en": item.title_key,
        "title_es": title_key(spanish, item.pk),
        "price": price_key(item.price, item.pk),
    }
    return [ListingEntry(listing_id=place, **keys) for place in places]


def _names(whole: Whole, tree: dict[str, Category]) -> list[str]:
    steps = {path for category in whole.categories for path in paths_to(category.path)}
    return [names_of(tree[path]) for path in sorted(steps)]


def _redocument(gone: list[UUID], documents: list[SearchDocument]) -> None:
    by_id = {row.pk: row for row in documents}
    growth: Counter[str] = Counter()
    same: list[SearchDocument] = []
    for some in kept.chunks(document_id(item_id) for item_id in gone):
        for row in SearchDocument.objects.filter(pk__in=some):
            if row.pk in by_id and _says(by_id[row.pk]) == _says(row):
                same.append(by_id[row.pk])
            else:
                growth.subtract(words_in(row))
    keep = {row.pk for row in same}
    for some in kept.chunks(pk for item_id in gone if (pk := document_id(item_id)) not in keep):
        SearchDocument.objects.filter(pk__in=some).delete()
    SearchDocument.objects.bulk_update(same, ["version"], batch_size=200)
    fresh = [row for pk, row in by_id.items() if pk not in keep]
    for row in fresh:
        growth.update(words_in(row))
    insert(fresh)
    kept.count_words(growth)


def _says(row: SearchDocument) -> tuple[str, str, str]:
    return row.title_words, row.words, row.places
