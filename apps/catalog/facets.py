"""Facets: the categories and attribute values among the items of a list, by which it can be narrowed.

What an attribute offers besides what is chosen of it is counted among the items there would be if nothing of it were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.categories import paths_to
from apps.catalog.filters import CATEGORY, Filter, Filters
from apps.catalog.localized import localized, shown_value
from apps.catalog.models import Listing
from apps.catalog.samples import LIST, SAMPLE, Sample
from apps.catalog.text import fold
from apps.catalog.wordings import PRICED

NAMED = {"c": 48, "v": 96}  # categories and attribute values of a sample: the most frequent ones
# And so many more that are as frequent as the last of them: their names decide which are offered.
TIED = SAMPLE
CHOICES = 8  # of one facet, and what is chosen; the others stand behind them
ALL_CHOICES = 40

ATTRIBUTE = tuple(
    f"attributevalue__attribute__{name}" for name in ("key", "label", "translations", "position")
)
LABELS = (
    *("pk", "items", "category__path", "category__title", "category__translations"),
    *("attributevalue__slug", "attributevalue__kind", "attributevalue__text", *ATTRIBUTE),
)
LABELLED = Listing.objects.values(*LABELS)
Row = dict[str, Any]
Ordered = tuple[tuple[int, int, str, str], "Choice"]  # what sorts it, and it


@dataclass(frozen=True)
class Choice:
    """`items` is None where only a sample was counted: then the order alone says what is frequent.

    `inside`: of a category, those below it.
    """

    filter: Filter
    title: str
    items: int | None
    is_chosen: bool
    inside: list[Choice] = field(default_factory=list)


@dataclass(frozen=True)
class Facet:
    """`more`: what is less frequent, to be shown when it is asked for."""

    label: str
    choices: list[Choice]
    more: list[Choice]

    @property
    def shown(self) -> Iterator[Filter]:
        return _filters(self.choices)


class Counted:
    """How many items of a sample stand in each listing."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.counts = Counter(place for places in sample.places for place in places.split())

    def frequent(self, mark: str) -> list[int]:
        marked = ((n, int(place[1:])) for place, n in self.counts.items() if place[0] == mark)
        divides = ((n, pk) for n, pk in marked if n < len(self.sample.items))
        first = nlargest(NAMED[mark] + TIED, divides)
        least, _pk = first[: NAMED[mark]][-1] if first else (0, 0)
        return [
            pk for n, pk in first if n >= least
        ]  # the numbers of rows decide nothing: another site has others

    def __getitem__(self, row: Row) -> int:
        """What is the number of the listing in this row, or stands for it where only a sample was counted."""
        return row["items"] if self.sample.of_everything else self.in_sample(row)

    def in_sample(self, row: Row) -> int:
        return self.counts[f"{'c' if row['category__path'] else 'v'}{row['pk']}"]

    def narrows(self, row: Row) -> bool:
        """What all of them have is no choice."""
        return 0 < self.in_sample(row) < len(self.sample.items)

    @property
    def is_exact(self) -> bool:
        return self.sample.is_whole or self.sample.of_everything


def has_prices(samples: Mapping[str, Sample]) -> bool:
    return LIST in samples and any(PRICED in places.split() for places in samples[LIST].places)


def facets(samples: Mapping[str, Sample], filters: Filters, language: str) -> list[Facet]:
    """Those of which there is something to choose: categories first, then attributes in their order.

    The choices of each: the most frequent first, the equally frequent by name; a category inside of the one above it.
    `samples`: of the LIST, and by each key of the filters of what it would be without them.
    """
    counted = {key: Counted(sample) for key, sample in samples.items()}
    groups: defaultdict[tuple[int, str], list[Ordered]] = defaultdict(list)
    for row in _rows(counted, filters):
        one = _filter(row)
        among = counted[_sample_of(one, filters)]
        if one in filters or among.narrows(row):
            title = _title(row, language)
            choice = Choice(one, title, among[row] if among.is_exact else None, one in filters)
            order = -among[row], one.value.count("/"), fold(title), one.value
            groups[_group(row, language)].append((order, choice))
    return [
        Facet(label, *_parts(found))
        for (_position, label), found in sorted(groups.items(), key=itemgetter(0))
        if len(found) > 1
    ]


def _rows(counted: Mapping[str, Counted], filters: Filters) -> Iterable[Row]:
    """What the most frequent listings and the chosen ones are called, in one query."""
    wanted = {listing.pk for listing, _title in filters.values() if listing.pk}
    for key, among in counted.items():
        marks = NAMED if key == LIST else "c" if key == CATEGORY else "v"
        wanted.update(pk for mark in marks for pk in among.frequent(mark))
    return LABELLED.filter(pk__in=wanted) if wanted else ()


def _sample_of(one: Filter, filters: Filters) -> str:
    """The key of the sample it is counted in. A category below one that is chosen narrows the list itself."""
    if one.key == CATEGORY and any(Filter(CATEGORY, path) in filters for path in paths_to(one.value)[:-1]):
        return LIST
    return one.key if any(other.key == one.key for other in filters) else LIST


def _parts(found: list[Ordered]) -> tuple[list[Choice], list[Choice]]:
    choices = [choice for _order, choice in sorted(found, key=itemgetter(0))]
    titles = {one.filter.value: one.title for one in choices}
    shown = [one for place, one in enumerate(choices) if place < CHOICES or one.is_chosen]
    more = [one for one in choices[CHOICES:ALL_CHOICES] if not one.is_chosen]
    return _nested(shown, titles), _nested(more, titles)


def _nested(choices: Sequence[Choice], titles: Mapping[str, str]) -> list[Choice]:
    """Each category inside of the one above it. Those above it that stand in the other part are named before it."""
    made: dict[str, Choice] = {}
    top: list[Choice] = []
    for one in choices:  # what is above comes first: it is at least as frequent
        *above, path = paths_to(one.filter.value)
        near = next((step for step in reversed(above) if step in made), "")
        names = [titles[step] for step in above if len(step) > len(near) and step in titles]
        made[path] = replace(one, title=" › ".join([*names, one.title]), inside=[])
        (made[near].inside if near else top).append(made[path])
    return top


def _filters(choices: Iterable[Choice]) -> Iterator[Filter]:
    for one in choices:
        yield one.filter
        yield from _filters(one.inside)


def _filter(row: Row) -> Filter:
    if path := row["category__path"]:
        return Filter(CATEGORY, path)
    return Filter(row["attributevalue__attribute__key"], row["attributevalue__slug"])


def _title(row: Row, language: str) -> str:
    if row["category__path"]:
        return localized(row["category__title"], row["category__translations"], "title", language)
    words = (row[f"attributevalue__{name}"] for name in ("text", "kind", "attribute__translations"))
    return shown_value(*words)


def _group(row: Row, language: str) -> tuple[int, str]:
    """Where its facet stands, and what it is called."""
    if row["category__path"]:
        return -1, _("Category")
    _key, label, translations, position = (row[name] for name in ATTRIBUTE)
    return position, localized(label, translations, "label", language)
