"""What a cache in front is told of the catalogue: the tags of pages that show something else now, and no others."""

from __future__ import annotations

import pytest

from apps.catalog import service, tags
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import AttributeValue, Item, Listing, OutboxEvent
from seam import atomic

pytestmark = pytest.mark.django_db(databases="__all__")
PAGES = ("/", "/browse", "/categories/place", "/browse/artist/ann", "/items/boat", "/search?q=boat", "/menu")


def told() -> set[str]:
    rows = OutboxEvent.objects.filter(name="catalog.pages_changed.v1")
    return {tag for row in rows for tag in row.data.get("tags", ())}


def tags_of(client, address: str) -> set[str]:
    return set(client.get(address).headers["Cache-Tag"].split(","))


@pytest.fixture
def boat(item, category):
    """On every page of PAGES; nothing was told of it yet."""
    made = item("Boat", categories=[category("Place")], Artist="Ann")
    item("House", categories=[category("Elsewhere")])
    OutboxEvent.objects.all().delete()
    return made


@pytest.mark.parametrize("address", PAGES)
def test_a_page_carries_a_tag_that_its_change_tells(client, boat, category, address):
    before = tags_of(client, address)
    assert "catalog" in before
    facts = [Fact(name="Artist", value="Ann")]
    service.change_item(
        boat.pk, Draft(title="Ship", slug="boat", categories=[category("Place").pk], facts=facts)
    )
    if address != "/menu":
        assert before & told()
    OutboxEvent.objects.all().delete()
    service.change_category(category("Place").pk, title="Harbour", translations={})
    assert before & told(), "its name may stand there"


def test_pages_that_show_nothing_of_it_are_left_alone(client, boat, category):
    for number in range(6):
        service.create_item(
            Draft(title=f"Tree {number}", categories=[category("Elsewhere").pk]), published=True
        )
    before = {address: tags_of(client, address) for address in ("/items/tree-1", "/categories/elsewhere")}
    OutboxEvent.objects.all().delete()
    service.change_item(boat.pk, Draft(title="Ship", categories=[category("Place").pk]))
    assert {address for address, found in before.items() if found & told()} == set()


def test_where_it_stood_before_is_told_and_where_it_stands_now(boat, category):
    there, here = category("Place").pk, category("Elsewhere").pk
    ann = AttributeValue.objects.get().pk
    service.change_item(boat.pk, Draft(title="Boat", categories=[here]))
    assert told() == {f"listing-{pk}" for pk in (Listing.EVERYTHING, there, here, ann)}


def test_what_was_withdrawn_or_deleted_is_told(client, boat):
    page = tags_of(client, "/items/boat")
    service.withdraw_item(boat.pk)
    assert page & told()
    OutboxEvent.objects.all().delete()
    service.delete_item(boat.pk)
    assert told() == set(), "nobody could see it any more"


def test_drafts_are_no_news(item):
    item("Draft", published=False)
    service.change_item(Item.objects.get().pk, Draft(title="Still a draft"))
    assert told() == set()


def change_and_fail(item):
    service.change_items([item], [Draft(title="Ship")])
    assert told()
    raise ZeroDivisionError


def test_what_was_not_written_is_not_told(boat):
    with pytest.raises(ZeroDivisionError), atomic("catalog"):
        change_and_fail(boat)
    assert told() == set()


def test_a_former_address_leads_on_until_something_changes(client, boat, category):
    service.change_item(boat.pk, Draft(title="Ship", slug="ship", categories=[category("Place").pk]))
    moved = client.get("/items/boat")
    assert moved.status_code == 301
    assert set(moved.headers["Cache-Tag"].split(",")) == {"catalog", "listing-1", "listing-2"}


def test_of_very_many_one_tag_tells_all():
    assert tags.to_forget(range(100)) == [f"listing-{pk}" for pk in range(100)]
    assert tags.to_forget(range(101)) == ["catalog"]
    assert tags.of_page([1, 7], "item-1") == "catalog,listing-1,listing-7,item-1"
