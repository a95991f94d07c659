"""How MariaDB runs what pages ask: by an index, and reading as few rows on the last page as on the first.

Rows read are counted by the server itself, so nothing here depends on how fast the machine is.
"""

from __future__ import annotations

import re
import uuid
from contextlib import AbstractContextManager

import pytest
from django.core.management import call_command
from django.db import connections

from apps.catalog import categories, favourites, held, paging, samples, service
from apps.catalog.attributes import values_that_begin
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Favourite, FormerSlug, Item, Listing, ListingEntry
from apps.catalog.search import search
from seam import atomic
from tests import plans
from tests.plans import Statement

pytestmark = [pytest.mark.django_db(databases="__all__"), plans.on_mariadb]
# ANALYZE TABLE commits, so what such a test wrote can't be rolled back.
analyzing = pytest.mark.django_db(databases="__all__", transaction=True)

ITEMS = 3000


def fill() -> None:
    """3,000 items; one title and one price for all, so every order is one long tie; some rarer words."""
    with atomic("catalog"):
        paths = [("Whole",), ("Whole", "Half")]
        found = service.ensure_categories(paths)
    whole, half = (found[path].pk for path in paths)
    for start in range(0, ITEMS, 1000):
        drafts = [
            Draft(
                title="The same",
                description=f"common {'half ' if n % 2 else ''}{'rare' if n % 100 == 0 else ''} word{n}",
                categories=[half if n % 2 else whole],
                facts=[Fact(name="Artist", value=f"Painter {n % 40}"), Fact(name="Number", value=f"No. {n}")],
            )
            for n in range(start, start + 1000)
        ]
        with atomic("catalog"):
            service.create_items([Item(is_published=True) for _draft in drafts], drafts)
    plans.analyze(
        "catalog", "catalog_item", "catalog_listingentry", "catalog_searchdocument", "catalog_listing"
    )


@pytest.fixture(scope="module")
def many(django_db_setup, django_db_blocker):
    """Kept for all tests that roll back what they do."""
    with django_db_blocker.unblock():
        fill()
        yield
        call_command("flush", database="catalog", interactive=False, verbosity=0)


@pytest.fixture
def many_to_change(transactional_db):
    fill()


def asked() -> AbstractContextManager[list[Statement]]:
    return plans.asked("catalog")


def full_scans(statements: list[Statement]) -> list[str]:
    return plans.full_scans("catalog", statements)


def rows_read(work) -> int:
    """Rows and index entries that the server looks at for `work`."""
    with connections["catalog"].cursor() as cursor:

        def total() -> int:
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
            return sum(int(value) for _name, value in cursor.fetchall())

        idle = -total() + total()
        before = total()
        work()
        return total() - before - idle


PAGES = [
    *(
        "/",
        "/browse",
        "/browse?order=title",
        "/browse?order=price",
        "/categories/whole",
        "/categories/whole/half",
    ),
    *("/categories/whole?order=title&filter=artist:painter-3", "/browse/artist/painter-3", "/browse/artist"),
    *(
        "/search?q=rare",
        "/search?q=common",
        "/search?q=common+half",
        "/search?q=rare+half",
        "/search?q=nothing",
        "/search?q=rare&order=-price",
        "/search?q=common&order=title&filter=artist:painter-3",
    ),
    *("/search?q=common&filter=artist:painter-3", "/search?q=com&filter=.in:whole/half", "/search?q=word1"),
    *(
        "/browse?filter=artist:painter-3&filter=artist:painter-4",
        "/search?q=common&filter=artist:painter-3&filter=artist:painter-4",
    ),
    "/categories/whole?order=price&filter=artist:painter-3&filter=artist:painter-4&filter=.in:whole/half",
    "/search?q=rare&filter=.in:whole/half&filter=artist:painter-0&filter=artist:painter-20",
    "/browse?filter=.in:whole&filter=number:no-1&filter=number:no-2",
    *("/search/suggest?q=pain", "/search/suggest?q=the", "/categories/", "/menu"),
    *("/api/v1/catalog/items/", "/api/v1/catalog/search/?q=rare"),
]


def test_no_page_reads_a_table_whole(client, many):
    pages = [*PAGES, f"/items/{Item.objects.order_by('pk')[1500].slug}"]
    for address in pages:
        held.forget()
        with asked() as statements:
            response = client.get(address)
            following = re.search(r'rel="next" href="([^"]+)"', response.content.decode())
            if following:
                client.get(following[1].replace("&amp;", "&"))
        assert response.status_code == 200, address
        assert statements, address
        assert full_scans(statements) == [], address


def test_a_statement_that_reads_a_table_whole_is_noticed(many):
    with asked() as statements:
        list(Item.objects.filter(description__contains="rare"))
    assert len(full_scans(statements)) == 1


@pytest.mark.parametrize("order", paging.ORDERS)
@pytest.mark.parametrize("name", ["everything", "half"])
def test_the_last_page_reads_no_more_than_the_first(many, order, name):
    everything = Listing.objects.get(pk=Listing.EVERYTHING)
    listing = everything if name == "everything" else Listing.objects.get(category__path="whole/half")
    first = rows_read(lambda: paging.page(listing, order=order))
    page = paging.page(listing, order=order)
    pages = 1
    while page.next:
        after = page.next
        page = paging.page(listing, order=order, after=after)
        pages += 1
    last = rows_read(lambda: paging.page(listing, order=order, after=after))
    assert pages > 50
    assert first < 40
    assert last < 40


@pytest.mark.parametrize("order", paging.ORDERS)
def test_a_page_of_several_values_reads_what_it_shows_and_not_all_of_them(many, order):
    """The two categories hold all items; the artists 75 each."""
    everything = Listing.objects.get(pk=Listing.EVERYTHING)
    large = list(Listing.objects.filter(category__path__in=["whole", "whole/half"]))
    small = list(Listing.objects.filter(attributevalue__slug__in=["painter-1", "painter-2", "painter-3"]))
    page = paging.page(everything, order=order, within={"in": large})
    assert rows_read(lambda: paging.page(everything, order=order, within={"in": large})) < 200
    assert (
        rows_read(lambda: paging.page(everything, order=order, within={"in": large}, after=page.next)) < 200
    )
    within = {"in": large, "artist": small}
    assert rows_read(lambda: paging.page(everything, order=order, within=within)) < 600
    parts = paging.wider(everything, order=order, language="en", within=within)
    assert rows_read(lambda: samples.read(parts)) < 4000


def test_skipping_rows_is_noticed(many):
    entries = ListingEntry.objects.filter(listing=Listing.EVERYTHING).order_by("-published_at", "-item_id")
    assert rows_read(lambda: list(entries[ITEMS - 25 : ITEMS])) > ITEMS - 50


@pytest.mark.parametrize(
    ("query", "most"), [("rare", 100), ("common", 400), ("common half", 400), ("nothing", 10)]
)
def test_a_search_reads_what_it_shows_and_not_all_it_matches(many, query, most):
    search(query, documents=ITEMS)  # once, so that InnoDB has its index in memory
    assert rows_read(lambda: search(query, documents=ITEMS)) < most


@analyzing
def test_an_address_that_an_item_had_is_found_without_reading_the_others(client, many_to_change):
    items = list(Item.objects.order_by("pk"))
    with atomic("catalog"):
        FormerSlug.objects.bulk_create(
            FormerSlug(slug=f"former-{n}", item=own) for n, own in enumerate(items)
        )
    plans.analyze("catalog", "catalog_formerslug")
    with asked() as statements:
        assert client.get("/items/former-1500").status_code == 301
        service.change_item(items[1500].pk, Draft(title="Another", slug="former-7"))
        service.delete_item(items[1500].pk)
    assert any("catalog_formerslug" in sql for sql, _params in statements)
    assert full_scans(statements) == []


def test_an_item_is_changed_without_reading_the_others(many):
    item = Item.objects.order_by("pk")[100]
    with asked() as statements:
        service.change_item(item.pk, Draft(title="Another"))
        service.withdraw_item(item.pk)
        service.publish_item(item.pk)
    assert full_scans(statements) == []


@analyzing
def test_favourites_moves_and_addresses_of_old_read_only_what_they_show(many_to_change, category, item):
    person, others = uuid.uuid4(), [uuid.uuid4() for _number in range(20)]
    items = list(Item.objects.order_by("pk")[:300])
    for somebody in (person, *others):
        Favourite.objects.bulk_create(Favourite(person_id=somebody, item=item) for item in items)
    plans.analyze("catalog", "catalog_favourite")
    small, whole = category("Whole", "Small"), category("Whole")
    for _number in range(20):
        item("Few", categories=[small])
    with asked() as statements:
        _found, following = favourites.page(person, size=24, published=True)
        favourites.page(person, size=24, after=following, published=True)
        favourites.among(person, [item.pk for item in items[:24]])
        favourites.add(person, items[0].pk)
        favourites.remove(person, items[0].pk)
        service.move_category(small.pk, parent_id=None)
        service.delete_category(small.pk, into_id=whole.pk)
        assert categories.current("whole/small") == "whole"
        assert values_that_begin("Artist", "pain", 5)
    assert full_scans(statements) == []
    reading = rows_read(lambda: favourites.page(person, size=24, after=following))
    assert reading < 200
