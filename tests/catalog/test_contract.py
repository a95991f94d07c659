"""The promise of the catalogue, through every binding."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings

from apps.catalog import service
from apps.catalog.contract import Catalog, InvalidQuery, ItemNotFound
from apps.catalog.drafts import Draft, Fact
from seam import use

# InnoDB finds words of rows that are committed, and only of those.
IS_MYSQL = "mysql" in settings.DATABASES["catalog"]["ENGINE"]
pytestmark = [
    pytest.mark.django_db(databases="__all__", transaction=IS_MYSQL),
    pytest.mark.usefixtures("binding"),
]


def test_an_item_is_found_by_a_slug_it_had(item):
    made = item("Boat")
    service.change_item(made.pk, Draft(title="Boat", slug="ship"))
    assert use(Catalog).get_item_by_slug(slug="boat").slug == "ship"
    service.withdraw_item(made.pk)
    with pytest.raises(ItemNotFound):
        use(Catalog).get_item_by_slug(slug="boat")


def test_one_item_with_all_it_says(category):
    cover, back = uuid.uuid4(), uuid.uuid4()
    said = Draft(
        title="Ámbar — 琥珀",
        description="Two\nlines",
        price=Decimal("12.50"),
        currency="EUR",
        categories=[category("Stones", "Soft ones").pk],
        facts=[
            Fact(name="Colour", value="Yellow"),
            Fact(name="Colour", value="Brown"),
            Fact(name="Weight", value=Decimal("1.5")),
            Fact(name="Found on", value=date(2024, 5, 1)),
        ],
        pictures=[cover, back],
    )
    made = service.create_item(said, published=True)
    item = use(Catalog).get_item(item_id=made.pk)
    assert (item.id, item.slug, item.title) == (made.pk, made.slug, "Ámbar — 琥珀")
    assert (item.description, item.price, item.currency) == ("Two\nlines", Decimal("12.50"), "EUR")
    assert item.categories == ["stones/soft-ones"]
    assert item.picture_ids == [cover, back]
    assert item.attributes == {"Colour": "Yellow, Brown", "Weight": "1.5", "Found on": "2024-05-01"}
    assert item.published
    assert item.published_at == made.published_at
    assert use(Catalog).get_item_by_slug(slug=made.slug) == item


def test_a_draft_is_there_by_its_id_and_not_by_its_address(item):
    draft = item("Secret", published=False)
    found = use(Catalog).get_item(item_id=draft.pk)
    assert (found.title, found.published, found.published_at, found.price) == ("Secret", False, None, None)
    with pytest.raises(ItemNotFound):
        use(Catalog).get_item_by_slug(slug=draft.slug)


def test_an_item_that_is_not_there():
    with pytest.raises(ItemNotFound) as by_id:
        use(Catalog).get_item(item_id=uuid.uuid4())
    with pytest.raises(ItemNotFound):
        use(Catalog).get_item_by_slug(slug="nothing-of-the-kind")
    assert str(by_id.value).startswith("There is no such item.")


def test_what_is_found_page_by_page_without_drafts(item):
    made = {item(f"Blue boat {number}").pk for number in range(5)}
    item("Blue boat in secret", published=False)
    item("Red boat")
    found, after, pages = [], None, 0
    while True:
        page = use(Catalog).search_items(query="BLUE boats", limit=2, after=after)
        found += [one.id for one in page.items]
        pages += 1
        if (after := page.next) is None:
            break
    assert sorted(found) == sorted(made)
    assert pages == 3


@pytest.mark.parametrize("query", ["", "  ", "?!", "nothingthere"])
def test_nothing_found_is_an_empty_page(query, item):
    item("Boat")
    page = use(Catalog).search_items(query=query)
    assert (page.items, page.next) == ([], None)


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"limit": 101}, {"limit": -1}, {"after": ""}, {"after": "nonsense"}, {"after": "9-0"}],
)
def test_a_page_that_can_not_be(wrong, item):
    item("Boat")
    with pytest.raises(InvalidQuery):
        use(Catalog).search_items(query="boat", **wrong)


def test_where_a_picture_is_used_drafts_too(item):
    picture = uuid.uuid4()
    item("Second", pictures=[uuid.uuid4(), picture])
    item("First", pictures=[picture], published=False)
    item("Neither", pictures=[uuid.uuid4()])
    assert [one.title for one in use(Catalog).list_items_with_picture(asset_id=picture)] == [
        "First",
        "Second",
    ]
    assert use(Catalog).list_items_with_picture(asset_id=uuid.uuid4()) == []


def test_the_uses_of_a_picture_with_where_they_are_seen_and_edited(item):
    picture = uuid.uuid4()
    shown = item("Second", pictures=[uuid.uuid4(), picture])
    draft = item("First", pictures=[picture], published=False)
    item("Neither", pictures=[uuid.uuid4()])
    found = use(Catalog).list_uses_of_picture(asset_id=picture)
    assert [(one.item_id, one.title, one.place, one.url, one.edit_url) for one in found.uses] == [
        (draft.pk, "First", 1, "", f"/editor/{draft.pk}"),
        (shown.pk, "Second", 2, "/items/second", f"/editor/{shown.pk}"),
    ]
    assert not found.more
    first = use(Catalog).list_uses_of_picture(asset_id=picture, limit=1)
    assert (len(first.uses), first.more) == (1, True)
    assert use(Catalog).list_uses_of_picture(asset_id=uuid.uuid4()).uses == []
    for limit in (0, 101):
        with pytest.raises(InvalidQuery):
            use(Catalog).list_uses_of_picture(asset_id=picture, limit=limit)
