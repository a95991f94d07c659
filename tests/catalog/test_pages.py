"""The pages of the catalogue for visitors: what they show, what is not there, what they ask of the database."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from apps.catalog import held, service
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.handlers import on_asset_ready
from apps.catalog.models import Item
from apps.media.contract import AssetReady
from seam import atomic
from tests.catalog.conftest import asset
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


def page(client, address: str, **headers) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, (address, response.status_code)
    return response.content.decode()


@pytest.fixture
def shop(item, category):
    """60 boats in a category, one portrait in another."""
    boats = category("Things", "Boats").pk
    drafts = [
        Draft(
            title=f"Boat {number:02}",
            categories=[boats],
            facts=[Fact(name="Artist", value=f"Painter {number % 3}")],
            price=Decimal(number),
            currency="EUR",
        )
        for number in reversed(range(60))
    ]
    with atomic("catalog"):
        service.create_items([Item(is_published=True) for _draft in drafts], drafts)
    return item(
        "Portrait of a Lady", categories=[category("People")], Artist="Ana Peñalosa", Year=Decimal("1840")
    )


def test_an_empty_catalogue_says_so_on_every_page(client):
    assert "still empty" in page(client, "/")
    assert "Nothing here yet" in page(client, "/browse")
    assert "Nothing here yet" in page(client, "/categories/")
    assert "Nothing was found" in page(client, "/search?q=boat")
    assert page(client, "/menu").strip() == ""
    assert page(client, "/search/suggest?q=boat").strip() == ""


def test_the_front_shows_the_newest_and_the_categories(client, shop):
    front = page(client, "/")
    assert front.index("Portrait of a Lady") < front.index("Boat 59") < front.index("Boat 58")
    assert 'href="/categories/things"' in front
    assert "61 items" in front


def test_a_category_shows_what_is_below_it_too(client, shop):
    things = page(client, "/categories/things")
    assert "Boat 59" in things
    assert "Portrait" not in things
    assert 'href="/categories/things/boats"' in things
    boats = page(client, "/categories/things/boats")
    assert re.search(r'breadcrumbs.*href="/categories/things"', boats, re.DOTALL)


@pytest.mark.parametrize("order", ["newest", "title", "price"])
def test_one_can_go_through_a_list_and_back(client, shop, order):
    address, seen = f"/categories/things?order={order}", []
    for _step in range(10):
        text = page(client, address)
        seen += re.findall(r'<h3 class="card__title"><a href="/items/[^"]+">([^<]+)', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if not following:
            break
        address = following[1].replace("&amp;", "&")
    right = [f"Boat {number:02}" for number in range(60)]
    assert seen == (right[::-1] if order == "newest" else right)
    back = re.search(r'rel="prev" href="([^"]+)"', text)[1].replace("&amp;", "&")
    assert "Boat" in page(client, back)
    assert "Back to the start" in text


def test_a_list_can_be_narrowed_and_widened_again(client, shop):
    text = page(client, "/categories/things")
    assert 'name="filter" value="artist:painter-1">' in text
    narrowed = page(client, "/categories/things?filter=artist:painter-1")
    assert len(re.findall("card__title", narrowed)) == 20
    assert 'name="filter" value="artist:painter-1" checked>' in narrowed
    assert re.search(r'chip--on" href="/categories/things"', narrowed)
    assert "Nothing was found" in page(client, "/categories/things?filter=artist:nobody")
    assert "Nothing was found" in page(client, "/browse?filter=.in:nowhere")
    assert "Portrait of a Lady" in page(client, "/browse?filter=.in:people&filter=artist:ana-penalosa")


def test_facets_count_what_is_there(client, shop):
    text = page(client, "/categories/things")
    assert "<span>Painter 1</span> <small>20</small>" in text


def test_choices_that_are_equally_frequent_stand_in_the_order_of_their_names(client, shop):
    choices = re.findall(r"(Painter \d)</span> <small>20</small>", page(client, "/categories/things"))
    assert choices == ["Painter 0", "Painter 1", "Painter 2"]


def test_what_all_items_of_a_list_have_is_no_choice(client, shop):
    things = page(client, "/categories/things")
    assert 'value=".in:things"' not in things
    assert 'value=".in:people"' in page(client, "/browse")
    assert 'value="artist:painter-0"' not in page(client, "/browse/artist/painter-0")


def test_lists_that_changed_together_keep_their_own_facets_and_subcategories(client, item, category):
    """They have the same version."""
    one, two = category("One", "In one"), category("Two", "In two")
    items = [Item(is_published=True) for _number in range(4)]
    drafts = [
        Draft(
            title=f"Thing {n}", categories=[one.pk, two.pk], facts=[Fact(name="Artist", value=f"Painter {n}")]
        )
        for n in range(4)
    ]
    with atomic("catalog"):
        service.create_items(items, drafts)
    for path, own, foreign in (("one", "in-one", "two"), ("two", "in-two", "one")):
        text = page(client, f"/categories/{path}")
        assert f'href="/categories/{path}/{own}"' in text
        assert f'action="/categories/{path}"' in text
        assert f'"/categories/{foreign}' not in text


def test_sorting_by_price_is_offered_where_something_has_one(client, shop):
    assert "order=price" in page(client, "/categories/things")
    assert "order=price" not in page(client, "/categories/people")


def test_next_to_an_item_are_others_of_its_category_or_of_the_one_above(client, item, category):
    few, many = category("Things", "Few"), category("Things")
    item("Alone", categories=[few])
    for number in range(5):
        item(f"Other {number}", categories=[many])
    item("Stranger")
    text = page(client, "/items/alone")
    assert len(re.findall("card__title", text)) == 4
    assert "Stranger" not in text
    assert "Stranger" not in page(client, "/items/other-2")


def test_next_to_an_item_a_change_is_seen(client, item, category):
    few, many = category("Things", "Few"), category("Things")
    item("Alone", categories=[few])
    others = [item(f"Other {number}", categories=[many]) for number in range(5)]
    assert "Other 4" in page(client, "/items/alone")
    service.withdraw_item(others[4].pk)
    held.known._versions.clear()
    assert "Other 4" not in page(client, "/items/alone")


def test_an_item_says_what_it_is(client, shop):
    text = page(client, f"/items/{shop.slug}")
    assert 'href="/browse/artist/ana-penalosa"' in text
    assert ">1840<" in text
    assert 'href="/categories/people"' in text


def test_browsing_by_a_value_and_its_index(client, shop):
    assert "Portrait of a Lady" in page(client, "/browse/artist/ana-penalosa")
    assert 'href="/browse/artist/painter-0"' in page(client, "/browse/artist")


def test_in_spanish_what_has_spanish_words_uses_them(client, item, category):
    item(
        "Boat",
        translations={"es": {"title": "Barco", "description": "De madera"}},
        price=Decimal("1250.5"),
        currency="EUR",
    )
    text = page(client, "/items/boat", accept_language="es")
    assert "<h1>Barco</h1>" in text
    assert "De madera" in text
    assert "1250,50\xa0€" in text or "1.250,50\xa0€" in text or "1\xa0250,50\xa0€" in text
    assert "Barco" in page(client, "/browse", accept_language="es")
    assert "€1,250.50" in page(client, "/items/boat", accept_language="en")


def test_what_is_kept_in_the_sites_own_language_besides_hides_no_title(client, alice, item):
    made = item("Base", description="Theirs")
    texts = {"title": "Shown", "description": "Unseen"}
    Item.objects.update(translations={"en": texts, "es": {"title": "Otra"}})
    for address in ("/browse", "/items/base"):
        assert "Base" in page(client, address)
        assert "Shown" not in page(client, address)
        assert "Otra" in page(client, address, accept_language="es")
    address, editor = f"/api/v1/catalog/items/{made.pk}/", sign_in(Client(), alice)
    told = editor.get(address).json()
    assert (told["title"], told["translations"]) == ("Base", {"es": {"title": "Otra"}})
    said = {name: told[name] for name in ("title", "description", "translations", "slug")}
    assert editor.put(address, said, content_type="application/json").status_code == 200
    assert draft_of(Item.objects.get()).translations == {"es": {"title": "Otra"}}


def test_titles_sort_by_the_words_one_sees(client, item):
    item("Alpha", translations={"es": {"title": "Zorro"}})
    item("Beta", translations={"es": {"title": "Abeja"}})
    english, spanish = (page(client, "/browse?order=title", accept_language=code) for code in ("en", "es"))
    assert english.index("Alpha") < english.index("Beta")
    assert spanish.index("Abeja") < spanish.index("Zorro")


@pytest.mark.parametrize(
    "address",
    [
        "/items/nothing",
        "/categories/nothing",
        "/categories/things/nothing",
        "/browse/artist/nobody",
        "/browse/nothing",
    ],
)
def test_what_is_not_there_is_404(client, shop, address):
    assert client.get(address).status_code == 404


def test_an_address_an_item_had_leads_to_the_one_it_has(client, item):
    made = item("Boat")
    assert client.get("/items/boat").status_code == 200
    service.change_item(made.pk, Draft(title="Boat", slug="blue-boat"))
    held.forget()
    moved = client.get("/items/boat")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/items/blue-boat")
    assert moved.headers["Cache-Control"] == "public, max-age=3600"
    assert not moved.cookies
    other = item("Boat")
    held.forget()
    assert other.slug == "boat"
    assert "Boat" in page(client, "/items/boat")


def test_drafts_and_withdrawn_items_have_no_page(client, item):
    made = item("Boat")
    assert client.get("/items/boat").status_code == 200
    service.withdraw_item(made.pk)
    held.forget()
    assert client.get("/items/boat").status_code == 404


NARROWED = "/browse?order=title&filter=.in%3Athings%2Fboats"


@pytest.mark.parametrize(
    ("address", "beginning"),
    [
        ("/browse?after=rubbish", "/browse"),
        ("/browse?before=%00", "/browse"),
        ("/browse?order=rubbish", "/browse"),
        ("/browse?order=rubbish&filter=.in:things/boats", "/browse?filter=.in%3Athings%2Fboats"),
        (f"{NARROWED}&after=rubbish", NARROWED),
        ("/categories/things?order=price&after=%ED%A0%80", "/categories/things?order=price"),
        ("/search?q=boat&after=rubbish", "/search?q=boat"),
    ],
)
def test_a_foreign_place_leads_to_the_beginning_of_the_same_list(client, shop, address, beginning):
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, beginning)
    assert client.get(beginning).status_code == 200


def test_in_another_language_a_later_page_by_title_leads_to_the_beginning_of_the_same_list(client, shop):
    following = re.search(r'rel="next" href="([^"]+)"', page(client, NARROWED))[1].replace("&amp;", "&")
    assert client.get(following).status_code == 200
    answer = client.get(following, headers={"accept-language": "es"})
    assert (answer.status_code, answer.headers["Location"]) == (302, NARROWED)


@pytest.mark.parametrize(
    "address",
    [
        "/search?q=%00",
        "/search?q=%F0%9F%9A%A4&filter=:&filter=a&filter=a:&filter=%00:%00",
        "/search?" + "q=" + "x" * 9000,
        "/search/suggest?q=%22%27*",
        "/search/suggest",
        "/browse?filter=artist:" + "x" * 3000,
        "/browse/artist?after=%00",
        "/categories/?after=%F0%9F%9A%A4",
        "/browse/artist/%00",
        "/categories/%00",
        "/categories/" + "a/" * 500,
        "/items/" + "x" * 3000,
    ],
)
def test_nothing_hostile_breaks_a_page(client, shop, address):
    assert client.get(address).status_code in (200, 302, 404)


def test_markup_in_what_people_write_stays_text(client, item, category):
    evil = "<script>alert(1)</script>\"'"
    item(evil, description=evil, categories=[category(evil)], Artist=evil)
    for address in ("/", "/browse", "/search?q=script", "/search/suggest?q=script", "/menu", "/categories/"):
        assert "<script>alert" not in page(client, address), address


def test_pictures_are_shown_with_all_their_sizes(client, item):
    told = asset()
    with atomic("catalog"):
        on_asset_ready(AssetReady(asset=told), None)
    item("Vase", pictures=[told.id])
    for address in ("/", "/browse", "/items/vase"):
        text = page(client, address)
        assert "image/avif" in text, address
        assert 'alt="A blue vase"' in text, address


def test_a_picture_leads_to_its_largest_file(client, item):
    told = asset()
    with atomic("catalog"):
        on_asset_ready(AssetReady(asset=told), None)
    item("Vase", pictures=[told.id])
    text = page(client, "/items/vase")
    widest = max((r for r in told.renditions if r.format == "jpeg"), key=lambda r: r.width)
    assert f'href="{widest.url}" data-zoom' in text
    assert 'id="zoom"' in text


def test_until_its_pictures_are_made_an_item_has_a_page_without_them(client, item):
    item("Vase", pictures=[asset().id])
    for address in ("/", "/browse", "/items/vase"):
        assert "Vase" in page(client, address), address


def test_suggestions_are_names_and_titles(client, shop):
    text = page(client, "/search/suggest?q=pen")
    assert 'data-href="/browse/artist/ana-penalosa"' in text
    assert 'data-href="/categories/things/boats"' in page(client, "/search/suggest?q=boa")
    assert f'data-href="/items/{shop.slug}"' in page(client, "/search/suggest?q=portrait of a")
    assert page(client, "/search/suggest?q=p").strip() == ""


# How much is asked of the database

PAGES = {
    "/": 2,
    "/browse": 2,
    "/browse?order=title": 2,
    "/categories/things": 2,
    "/categories/things/boats": 2,
    "/browse/artist/painter-0": 2,
    "/items/portrait-of-a-lady": 3,
    "/items/boat-30": 3,
    "/categories/": 2,
    "/browse/artist": 2,
    "/menu": 2,
}


@pytest.mark.parametrize(("address", "most"), PAGES.items())
def test_a_page_made_afresh_asks_little(client, shop, queries, address, most):
    page(client, address)
    held.forget()
    with queries() as asked:
        page(
            client, address + ("&" if "?" in address else "?") + "after="
        )  # another page to whoever holds pages
    assert len(asked) <= most, "\n".join(query["sql"][:200] for query in asked)


@pytest.mark.parametrize(
    "address",
    [
        *PAGES,
        "/search?q=boat",
        "/search?q=boat&filter=artist:painter-0",
        "/search/suggest?q=boat",
        "/categories/things?filter=artist:painter-0",
        "/browse?filter=.in:things&filter=artist:painter-1",
        "/search?q=boat&filter=artist:painter-0&filter=artist:painter-1&filter=.in:things",
        "/search?q=boat&filter=artist:painter-0&filter=artist:painter-1&order=-price",
        "/categories/things?filter=artist:painter-0&filter=artist:painter-1&filter=.in:things/boats",
        "/browse/artist/painter-0?filter=artist:painter-0&filter=artist:painter-1&filter=.in:things",
    ],
)
def test_with_nothing_kept_anywhere_a_page_asks_six_times_at_most(client, shop, queries, address):
    with queries() as asked:
        page(client, address)
    assert len(asked) <= 6, "\n".join(query["sql"][:200] for query in asked)


def test_a_list_asks_the_same_of_many_items_as_of_few(client, item, category, queries):
    place = category("Place")
    item("One", categories=[place])
    with queries() as few:
        page(client, "/categories/place")
    for number in range(40):
        item(f"More {number}", categories=[place])
    cache.clear()
    held.forget()
    with queries() as many:
        page(client, "/categories/place")
    assert len(many) <= len(few)


@pytest.mark.parametrize(("language", "written"), [("en", "69,202"), ("es", "69\xa0202")])
def test_large_numbers_are_written_as_people_write_them(language, written):
    with translation.override(language):
        page = render_to_string(
            "catalog/menu.html", {"categories": [{"title": "people", "url": "/", "items": 69202}]}
        )
    assert f"<small>{written}</small>" in page


def test_the_list_of_everything_counts_exactly_however_long_it_is(client, item, monkeypatch):
    monkeypatch.setattr("apps.catalog.samples.SAMPLE", 3)
    for number in range(9):
        item(f"Print {number}", Artist="Turner" if number % 3 else "Blake")
    page = client.get("/browse").content.decode()
    assert "Turner</span> <small>6</small>" in page
    assert "Blake</span> <small>3</small>" in page
    chosen = client.get("/browse?filter=artist:turner").content.decode()
    assert "Blake</span> <small>3</small>" in chosen  # which would come to it
