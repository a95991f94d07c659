"""Kept counts and versions: how many items a listing has, and a stamp that changes whenever it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from django.db.models import F, Model

from apps.catalog import tags
from apps.catalog.contract import PagesChanged
from apps.catalog.models import Listing, SearchWord, new_id
from seam import publish

T = TypeVar("T")

# Values in one IN (…): SQLite and MySQL both plan this many by their index.
IN_LIMIT = 500


def chunks(values: Iterable[T], size: int = IN_LIMIT) -> Iterator[list[T]]:
    rows = list(values)
    return (rows[start : start + size] for start in range(0, len(rows), size))


def lock() -> None:
    """Take the catalogue's write lock until the transaction ends; every writer of listings takes it first.

    So writers never wait for each other in a circle, however many listings each of them touches.
    """
    if Listing.objects.select_for_update().filter(pk=Listing.EVERYTHING).first() is None:
        Listing.objects.bulk_create(
            [Listing(pk=Listing.EVERYTHING), Listing(pk=Listing.SHAPE)], ignore_conflicts=True
        )


def count(growth: Mapping[int, int]) -> None:
    """Listing id -> how many more items it has; every listing named is changed, one that has 0 more too."""
    version = new_id()
    for by, ids in _by_growth(growth):
        Listing.objects.filter(pk__in=ids).update(items=F("items") + by, version=version)
    if growth:
        publish(PagesChanged(tags=tags.to_forget(growth)))


def touch(*ids: int) -> None:
    """Say that something shown of these listings changed."""
    count(dict.fromkeys(ids, 0))


def count_words(growth: Mapping[str, int]) -> None:
    """Word -> in how many more documents it stands."""
    changed = {word: by for word, by in growth.items() if by}
    new = [SearchWord(word=word) for word, by in sorted(changed.items()) if by > 0]
    _create(SearchWord, new)
    for by, words in _by_growth(changed):
        SearchWord.objects.filter(word__in=words).update(documents=F("documents") + by)


def _create(model: type[Model], rows: Sequence[Model]) -> None:
    model._default_manager.bulk_create(rows, batch_size=IN_LIMIT, ignore_conflicts=True)


def _by_growth(growth: Mapping[T, int]) -> Iterator[tuple[int, list[T]]]:
    """Ids that grow alike together: a few statements whatever the number of ids."""
    groups: defaultdict[int, list[T]] = defaultdict(list)
    for key, by in growth.items():
        groups[by].append(key)
    for by, keys in sorted(groups.items()):
        for some in chunks(sorted(keys)):  # type: ignore[type-var]
            yield by, some
