"""The verbs of the catalogue, and that all that is kept of an item follows."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import pytest

from apps.catalog import service
from apps.catalog.contract import InvalidItem, ItemChangedMeanwhile, ItemNotFound
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.models import (
    AttributeValue,
    Item,
    Listing,
    ListingEntry,
    OutboxEvent,
    SearchDocument,
    SearchWord,
)
from apps.catalog.slugs import current
from seam import atomic

pytestmark = pytest.mark.django_db(databases="__all__")


def counts() -> dict[int, int]:
    return dict(Listing.objects.filter(items__gt=0).values_list("pk", "items"))


def events() -> list[str]:
    """What other contexts hear; a cache in front is told besides (test_tags.py)."""
    return list(
        OutboxEvent.objects.exclude(name="catalog.pages_changed.v1")
        .order_by("created_at")
        .values_list("name", flat=True)
    )


def assert_all_kept_is_right() -> None:
    """What is kept equals what can be counted."""
    entries = ListingEntry.objects.values_list("listing_id", flat=True)
    found: dict[int, int] = {}
    for listing in entries:
        found[listing] = found.get(listing, 0) + 1
    assert counts() == found
    words: dict[str, int] = {}
    for document in SearchDocument.objects.all():
        for word in document.words.split():
            words[word[2:]] = words.get(word[2:], 0) + 1
    assert dict(SearchWord.objects.filter(documents__gt=0).values_list("word", "documents")) == words
    versions = dict(Item.objects.values_list("pk", "version"))
    assert all(
        versions[item] == version for item, version in ListingEntry.objects.values_list("item_id", "version")
    )


def test_an_item_stands_in_its_categories_all_above_them_and_its_values(item, category):
    adults = category("People", "Adults")
    made = item("Portrait", categories=[adults], Artist="Turner", Year=Decimal(1840))
    places = set(ListingEntry.objects.filter(item=made).values_list("listing_id", flat=True))
    values = set(AttributeValue.objects.values_list("pk", flat=True))
    assert places == {Listing.EVERYTHING, adults.pk, category("People").pk} | values
    assert len(values) == 2
    assert_all_kept_is_right()


def test_a_draft_stands_nowhere(item, category):
    item("Secret", categories=[category("People")], published=False)
    assert counts() == {}
    assert not SearchDocument.objects.exists()


def test_one_category_twice_below_the_same_counts_once(item, category):
    item(categories=[category("A", "B"), category("A", "C")])
    assert counts()[category("A").pk] == 1
    assert_all_kept_is_right()


def test_withdrawing_publishing_changing_and_deleting_keep_the_counts_right(item, category):
    one, two = category("One"), category("Two")
    made = item("Boat", categories=[one], Artist="Turner")
    other = item("Other boat", categories=[one])
    service.change_item(
        made.pk, Draft(title="Ship", categories=[two.pk], facts=[Fact(name="Artist", value="Cox")])
    )
    assert_all_kept_is_right()
    assert counts()[two.pk] == 1
    service.withdraw_item(made.pk)
    assert_all_kept_is_right()
    assert two.pk not in counts()
    service.publish_item(made.pk)
    assert_all_kept_is_right()
    service.delete_item(other.pk)
    assert_all_kept_is_right()
    assert counts()[Listing.EVERYTHING] == 1
    service.delete_item(made.pk)
    assert counts() == {}
    assert_all_kept_is_right()


def test_each_verb_says_what_happened_once_and_drafts_are_nobodys_business(item):
    draft = item("Draft", published=False)
    service.change_item(draft.pk, Draft(title="Still a draft"))
    assert events() == []
    service.publish_item(draft.pk)
    service.publish_item(draft.pk)
    service.change_item(draft.pk, Draft(title="Seen"))
    service.withdraw_item(draft.pk)
    service.withdraw_item(draft.pk)
    service.delete_item(draft.pk)
    assert events() == ["catalog.item_published.v1", "catalog.item_changed.v1", "catalog.item_withdrawn.v1"]


def test_every_change_of_what_is_shown_changes_the_versions_of_its_listings(item, category):
    place = category("Place")
    made = item(categories=[place])
    before = dict(Listing.objects.values_list("pk", "version"))
    service.change_item(made.pk, Draft(title="New title", categories=[place.pk]))
    after = dict(Listing.objects.values_list("pk", "version"))
    assert before[place.pk] != after[place.pk]
    assert before[Listing.EVERYTHING] != after[Listing.EVERYTHING]


def test_leaving_a_category_changes_its_version_too(item, category):
    place = category("Place")
    made = item(categories=[place])
    before = Listing.objects.get(pk=place.pk).version
    service.change_item(made.pk, Draft(title="Elsewhere"))
    assert Listing.objects.get(pk=place.pk).version != before


def test_the_second_of_two_editors_is_told_and_nothing_is_written(item):
    made = item("Boat")
    read = made.version
    service.change_item(made.pk, Draft(title="First"), version=read)
    with pytest.raises(ItemChangedMeanwhile):
        service.change_item(made.pk, Draft(title="Second"), version=read)
    assert Item.objects.get(pk=made.pk).title == "First"


def test_what_an_item_says_can_be_read_back(item, category):
    said = Draft(
        title="Ámbar",
        description="Two\nlines",
        translations={"es": {"title": "Ámbar", "description": "Dos"}},
        price=Decimal("12.50"),
        currency="EUR",
        categories=[category("B").pk, category("A").pk],
        facts=[Fact(name="Year", value=Decimal("1840")), Fact(name="Made on", value=date(2024, 5, 1))],
        pictures=[uuid.uuid4(), uuid.uuid4()],
        slug="ambar",
    )
    made = service.create_item(said)
    assert draft_of(Item.objects.get(pk=made.pk)) == said


def test_the_address_stays_when_the_title_changes_and_a_taken_one_gets_an_ending(item):
    one, two = item("Blue vase"), item("Blue vase")
    assert one.slug == "blue-vase"
    assert two.slug.startswith("blue-vase-")
    service.change_item(one.pk, Draft(title="Red vase"))
    assert Item.objects.get(pk=one.pk).slug == "blue-vase"


def test_an_address_that_an_item_had_leads_to_it_however_often_it_moves(item):
    one = item("Blue vase")
    for slug in ("red-vase", "green-vase", "blue-vase", "last"):
        service.change_item(one.pk, Draft(title="Vase", slug=slug))
    for former in ("blue-vase", "red-vase", "green-vase"):
        assert current(former) == "last"
    assert current("last") is None


def test_an_address_that_another_item_has_taken_is_that_ones_for_good(item):
    one = item("Blue vase")
    service.change_item(one.pk, Draft(title="Vase", slug="old"))
    two = item("Blue vase")
    assert two.slug == "blue-vase"
    assert current("blue-vase") is None
    service.change_item(two.pk, Draft(title="Vase", slug="newest"))
    assert current("blue-vase") == "newest"


def test_what_is_withdrawn_or_deleted_leads_nowhere(item):
    one = item("Blue vase")
    service.change_item(one.pk, Draft(title="Vase", slug="old"))
    service.withdraw_item(one.pk)
    assert current("blue-vase") is None
    service.publish_item(one.pk)
    assert current("blue-vase") == "old"
    service.delete_item(one.pk)
    assert current("blue-vase") is None


def test_values_that_differ_in_case_only_are_one(item):
    item(Artist="Turner")
    item(Artist="TURNER")
    value = AttributeValue.objects.get()
    assert value.text == "Turner"
    assert value.listing.items == 2


def test_a_value_said_twice_counts_once(item):
    made = service.create_item(
        Draft(title="T", facts=[Fact(name="Artist", value="A"), Fact(name="artist", value="a")]),
        published=True,
    )
    assert [fact["text"] for fact in Item.objects.get(pk=made.pk).facts] == ["A"]
    assert_all_kept_is_right()


@pytest.mark.parametrize(
    "draft",
    [
        Draft(title="  "),
        Draft(title="x" * 401),
        Draft(title="ok", description="x" * 50_001),
        Draft(title="ok", price=Decimal("-1"), currency="EUR"),
        Draft(title="ok", price=Decimal("NaN"), currency="EUR"),
        Draft(title="ok", price=Decimal("1.001"), currency="EUR"),
        Draft(title="ok", price=Decimal("1")),
        Draft(title="ok", translations={"xx": {"title": "?"}}),
        Draft(title="ok", translations={"en": {"title": "Shown"}}),
        Draft(title="ok", facts=[Fact(name="", value="x")]),
        Draft(title="ok", facts=[Fact(name="x", value=" ")]),
        Draft(title="ok", facts=[Fact(name="x", value="x" * 1001)]),
        Draft(title="ok", facts=[Fact(name="x", value=Decimal("1e30"))]),
        Draft(title="ok", facts=[Fact(name="x", value="y")] * 101),
        Draft(title="nul \x00"),
        Draft(title="half \ud800"),
        Draft(title="ok", facts=[Fact(name="x", value="half \ud800")]),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence_and_leaves_nothing(draft):
    with pytest.raises(InvalidItem) as problem:
        service.create_item(draft, published=True)
    assert len(str(problem.value)) > 15
    assert not Item.objects.exists()


def test_verbs_on_an_item_that_is_not_there():
    for verb in (service.publish_item, service.withdraw_item, service.delete_item):
        with pytest.raises(ItemNotFound):
            verb(uuid.uuid4())


def test_many_items_at_once_are_newest_in_the_order_given():
    items = [Item(is_published=True) for _number in range(5)]
    with atomic("catalog"):
        service.create_items(items, [Draft(title=f"Item {number}") for number in range(5)])
    entries = ListingEntry.objects.filter(listing=Listing.EVERYTHING).order_by("-published_at")
    assert [entry.item_id for entry in entries] == [item.pk for item in items]
    assert_all_kept_is_right()


def test_rebuilding_changes_nothing_but_repairs_what_was_lost(item, category):
    for number in range(3):
        item(f"Thing {number}", categories=[category("A", "B")], Artist="X")
    before = set(ListingEntry.objects.values_list("listing_id", "item_id", "title_en"))
    ListingEntry.objects.filter(listing=category("A").pk).delete()
    Listing.objects.filter(pk=category("A").pk).update(items=0)
    after = None
    while after := service.rebuild(after):
        pass
    assert set(ListingEntry.objects.values_list("listing_id", "item_id", "title_en")) == before
    assert Listing.objects.get(pk=category("A", "B").pk).items == 3


def test_a_renamed_category_is_found_by_its_new_name_once_the_job_has_run(item, category, settle):
    place = category("Ships")
    item("Nameless", categories=[place])
    other = item("Elsewhere").version
    service.change_category(place.pk, title="Vessels", translations={"es": {"title": "Naves"}})
    settle()
    words = SearchDocument.objects.get(item__title="Nameless").words
    assert Item.objects.get(title="Elsewhere").version == other
    assert " xxvessels " in words
    assert " xxnaves " in words
    assert " xxships " not in words


def test_an_attribute_without_pages_and_filter_has_no_listings_and_gets_them_when_it_may(item, settle):
    with atomic("catalog"):
        service.define_attribute("Credit", is_browsable=False, is_facet=False)
    made = item("Boat", Credit="Given by somebody")
    value = AttributeValue.objects.get()
    assert not ListingEntry.objects.filter(listing=value.pk).exists()
    assert Item.objects.get(pk=made.pk).facts[0]["slug"] == ""
    with atomic("catalog"):
        service.define_attribute("Credit", is_browsable=True, is_facet=False)
    settle()
    assert ListingEntry.objects.filter(listing=value.pk).exists()
    assert_all_kept_is_right()
