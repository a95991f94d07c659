"""Pages of a listing: every item once, in order, whatever is published or withdrawn in between."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog import paging, service
from apps.catalog.contract import InvalidQuery
from apps.catalog.drafts import Draft
from apps.catalog.models import Item, Listing, ListingEntry
from seam import atomic

pytestmark = pytest.mark.django_db(databases="__all__")

TITLES = st.sampled_from(["Same", "Boat", "boat", "Ámbar", "", "zebra", "~", "99"])


def everything() -> Listing:
    return Listing.objects.get(pk=Listing.EVERYTHING)


def make(titles: list[str], prices: list[Decimal | None]) -> list[Item]:
    """Some of them published at the very same moment."""
    moment = timezone.now()
    items = [
        Item(is_published=True, published_at=moment - timedelta(seconds=number // 3))
        for number in range(len(titles))
    ]
    drafts = [
        Draft(title=title or "-", price=price, currency="EUR" if price is not None else "")
        for title, price in zip(titles, prices, strict=True)
    ]
    with atomic("catalog"):
        service.create_items(items, drafts)
    return items


def walk(order: str, size: int, *, back: bool = False) -> list:
    """All ids by going from page to page, forward or from the end back."""
    ids: list = []
    page = paging.page(everything(), order=order, size=size)
    while page.next:
        ids += page.items
        page = paging.page(everything(), order=order, size=size, after=page.next)
    if not back:
        return [pk for pk, _version in [*ids, *page.items]]
    backwards = list(page.items)
    while page.previous:
        page = paging.page(everything(), order=order, size=size, before=page.previous)
        backwards = [*page.items, *backwards]
    return list(dict.fromkeys(pk for pk, _version in backwards))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), size=st.integers(1, 5))
def test_every_item_once_in_every_order_forward_and_back(data, size):
    number = data.draw(st.integers(0, 14))
    titles = data.draw(st.lists(TITLES, min_size=number, max_size=number))
    prices = data.draw(
        st.lists(
            st.sampled_from([None, Decimal(1), Decimal("9.50"), Decimal(10)]),
            min_size=number,
            max_size=number,
        )
    )
    Item.objects.all().delete()
    ListingEntry.objects.all().delete()
    items = make(titles, prices)
    if not items:
        return
    for order, column in (("newest", "-published_at"), ("title", "title_en"), ("price", "price")):
        sign = "-" if column.startswith("-") else ""
        right = list(
            ListingEntry.objects.filter(listing=Listing.EVERYTHING)
            .order_by(column, f"{sign}item_id")
            .values_list("item_id", flat=True)
        )
        assert walk(order, size) == right
        assert walk(order, size, back=True) == right


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), order=st.sampled_from(paging.ORDERS), size=st.integers(1, 4))
def test_what_stays_is_seen_exactly_once_though_others_come_and_go(data, order, size):
    Item.objects.all().delete()
    ListingEntry.objects.all().delete()
    number = data.draw(st.integers(3, 10))
    items = make(data.draw(st.lists(TITLES, min_size=number, max_size=number)), [None] * number)
    stay = {item.pk for item in items[::2]}
    goes = items[1::2]
    seen: list = []
    cursor = None
    # All drawn beforehand: how many steps it takes depends on random ids, and a replay must draw the same.
    change = st.tuples(st.booleans(), TITLES, st.sampled_from([None, Decimal(1)]), st.booleans())
    for one_comes, title, price, one_goes in data.draw(st.lists(change, min_size=30, max_size=30)):
        page = paging.page(everything(), order=order, size=size, after=cursor)
        seen += [pk for pk, _version in page.items]
        cursor = page.next
        if cursor is None:
            break
        if one_comes:
            make([title], [price])
        if goes and one_goes:
            service.withdraw_item(goes.pop().pk)
    assert cursor is None
    assert sorted(pk for pk in seen if pk in stay) == sorted(stay)


def test_a_page_before_the_beginning_is_the_beginning_whole(item):
    for number in range(5):
        item(f"Item {number}")
    first = paging.page(everything(), size=2)
    second = paging.page(everything(), size=2, after=first.next)
    assert paging.page(everything(), size=2, before=second.previous).items == first.items
    newest = item("Newer")
    again = paging.page(everything(), size=2, before=second.previous)
    assert again.previous
    assert paging.page(everything(), size=2, before=again.previous).items[0][0] == newest.pk


def test_items_in_all_of_several_listings(item, category):
    one, two = category("One"), category("Two")
    both = item("Both", categories=[one, two])
    item("Only one", categories=[one])
    item("Only two", categories=[two])
    page = paging.page(one.listing, within={"in": [two.listing]})
    assert [pk for pk, _version in page.items] == [both.pk]


def encoded(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "A" * 10_000,
        "=====",
        encoded("title_es", "x", "0" * 32),
        encoded("published_at", "2024", "0" * 32),
        encoded("published_at", 10**40, "0" * 32),
        encoded("published_at", True, "0" * 32),
        encoded("published_at", 1, "nothing"),
        encoded("published_at", 1, None),
        encoded("published_at", 1),
        encoded({"a": 1}),
        encoded("title_en", "\ud800", "0" * 32),
        encoded("price", 5, "0" * 32),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize("order", paging.ORDERS)
def test_a_foreign_cursor_is_refused(item, cursor, way, order):
    item()
    with pytest.raises(InvalidQuery):
        paging.page(everything(), order=order, **{way: cursor})


def test_an_order_that_is_not_there_is_refused(item):
    item()
    with pytest.raises(InvalidQuery):
        paging.page(everything(), order="colour; DROP TABLE")
