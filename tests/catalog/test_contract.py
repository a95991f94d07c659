"""The promise of the catalogue, through every binding."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest

from apps.catalog.contract import Catalog, InvalidQuery, ItemNotFound
from seam import use

pytestmark = [
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.usefixtures("binding"),
]


def test_one_item(item, category):
    picture = uuid.uuid4()
    made = item(
        "Ámbar — ¡qué cosa!",
        categories=[category("People", "Adults")],
        price=Decimal("12.50"),
        currency="EUR",
        pictures=[picture],
        Artist="Turner",
        Year=Decimal("1840"),
    )
    told = use(Catalog).get_item(item_id=made.pk)
    assert told == use(Catalog).get_item_by_slug(slug=made.slug)
    assert told.title == "Ámbar — ¡qué cosa!"
    assert told.attributes == {"Artist": "Turner", "Year": "1840"}
    assert told.categories == ["people/adults"]
    assert told.picture_ids == [picture]
    assert (told.price, told.currency) == (Decimal("12.50"), "EUR")
    assert told.published
    assert told.published_at.tzinfo


def test_a_draft_is_there_by_id_and_not_by_slug(item):
    made = item(published=False)
    assert not use(Catalog).get_item(item_id=made.pk).published
    with pytest.raises(ItemNotFound):
        use(Catalog).get_item_by_slug(slug=made.slug)


def test_what_is_not_there():
    with pytest.raises(ItemNotFound):
        use(Catalog).get_item(item_id=uuid.uuid4())


def test_search_goes_from_page_to_page(item):
    for number in range(5):
        item(f"Boat {number}")
    first = use(Catalog).search_items(query="boat", limit=3)
    second = use(Catalog).search_items(query="boat", limit=3, after=first.next)
    assert len({one.id for one in [*first.items, *second.items]}) == 5
    assert second.next is None
    with pytest.raises(InvalidQuery):
        use(Catalog).search_items(query="boat", after="not ours")
    with pytest.raises(InvalidQuery):
        use(Catalog).search_items(query="boat", limit=0)


def test_where_a_picture_is_used_drafts_too(item):
    picture = uuid.uuid4()
    used = {item("One", pictures=[picture]).pk, item("Two", pictures=[picture], published=False).pk}
    item("Three", pictures=[uuid.uuid4()])
    assert {one.id for one in use(Catalog).list_items_with_picture(asset_id=picture)} == used
    assert use(Catalog).list_items_with_picture(asset_id=uuid.uuid4()) == []
