"""Several values of one attribute: any of them will do, each attribute has to agree, and what is offered adds to it."""

from __future__ import annotations

import html
import re
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog import facets, held, paging, samples, service
from apps.catalog import search as searching
from apps.catalog.drafts import Draft, Fact
from apps.catalog.filters import MOST, Filter, parse
from apps.catalog.models import Category, Item
from seam import atomic
from tests.catalog.marks import searched

pytestmark = searched

ARTISTS = ("Blake", "Klee", "Turner")
COLOURS = ("Blue", "Red")
CARD = re.compile(r'class="card__title"><a href="[^"]+">(.*?)</a>')
CHOICE = re.compile(
    r'value="(artist|colour):(\w+)"( checked)?><span>[^<]+</span>(?: <small>(\d+)</small>)?</label>'
)


def made(number: int) -> tuple[str, list[str], list[str]]:
    """Title, artists and colours; some have two artists."""
    artists = [ARTISTS[number % 3]] + ([ARTISTS[(number + 1) % 3]] if number % 5 == 0 else [])
    return f"Print {number:02}", artists, [COLOURS[number % 7 % 2]]


@pytest.fixture
def prints(category):
    """40 prints, all in one category."""
    place = category("Prints").pk
    drafts = []
    for title, artists, colours in map(made, range(40)):
        facts = [Fact(name="Artist", value=one) for one in artists]
        facts += [Fact(name="Colour", value=one) for one in colours]
        drafts.append(Draft(title=title, categories=[place], facts=facts))
    with atomic("catalog"):
        service.create_items([Item(is_published=True) for _draft in drafts], drafts)


def right(artists: set[str], colours: set[str]) -> list[str]:
    return [
        title
        for title, own, shades in map(made, range(40))
        if (not artists or artists & set(own)) and (not colours or colours & set(shades))
    ]


def offered(artists: set[str], colours: set[str]) -> dict[str, int]:
    """How many there would be of each value, if of its attribute nothing else were chosen."""
    counts: Counter[str] = Counter()
    rows = {title: (own, shades) for title, own, shades in map(made, range(40))}
    for title in right(set(), colours):
        counts.update(rows[title][0])
    for title in right(artists, set()):
        counts.update(rows[title][1])
    return {name.lower(): number for name, number in counts.items()}


def asked(artists: set[str], colours: set[str]) -> str:
    chosen = [f"artist:{one.lower()}" for one in artists] + [f"colour:{one.lower()}" for one in colours]
    return "&".join(f"filter={one}" for one in chosen)


def seen(client, address: str) -> list[str]:
    found, page = [], ""
    for _page in range(10):
        page = client.get(address).content.decode()
        found += [re.sub("<[^>]+>", "", title) for title in CARD.findall(page)]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        address = html.unescape(following[1])
    return found


choices = st.tuples(st.sets(st.sampled_from(ARTISTS)), st.sets(st.sampled_from(COLOURS)))


@pytest.mark.parametrize(
    "address", ["/browse?order=title", "/categories/prints?order=title", "/search?q=print"]
)
@pytest.mark.parametrize("common", [1000, 0])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=choices)
def test_any_value_of_each_attribute_and_the_numbers_are_those_one_gets(
    client, prints, monkeypatch, address, common, chosen
):
    monkeypatch.setattr(searching, "COMMON", common)
    address = f"{address}&{asked(*chosen)}"
    titles = seen(client, address)
    assert sorted(titles) == right(*chosen)
    if "order=title" in address:
        assert titles == sorted(titles)
    if common == 0 and "/search" in address:
        return  # common words are sampled, and say no numbers
    page = client.get(address).content.decode()
    shown = {name: int(number) for _key, name, _checked, number in CHOICE.findall(page) if number}
    counts = offered(*chosen)
    assert {name: counts[name] for name in shown} == shown
    assert {name for _key, name, checked, _number in CHOICE.findall(page) if checked} == {
        one.lower() for one in (*chosen[0], *chosen[1])
    }
    if chosen[0]:
        assert {one.lower() for one in ARTISTS} <= set(shown)


def test_an_item_of_two_chosen_values_is_there_once_and_the_last_page_is_the_last(client, prints):
    titles = seen(client, "/browse?filter=artist:blake&filter=artist:klee&filter=artist:turner&order=title")
    assert titles == right(set(), set())


def test_going_back_through_several_values(client, prints):
    address = f"/browse?order=title&{asked({'Blake', 'Klee', 'Turner'}, set())}"
    first = client.get(address).content.decode()
    second = client.get(html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])).content.decode()
    back = client.get(html.unescape(re.search(r'rel="prev" href="([^"]+)"', second)[1])).content.decode()
    assert CARD.findall(back) == CARD.findall(first)


def test_where_only_a_sample_was_counted_no_number_is_told(client, prints, monkeypatch):
    monkeypatch.setattr(samples, "SAMPLE", 5)
    page = client.get("/categories/prints?filter=artist:blake").content.decode()
    assert 'value="artist:klee"' in page
    assert "<small>" not in page[page.index("<aside") : page.index("</aside>")]


def test_a_sample_is_shared_fairly_by_the_values_it_is_drawn_from(prints, monkeypatch):
    monkeypatch.setattr(samples, "SAMPLE", 10)
    everything = paging.Listing.objects.get(pk=paging.Listing.EVERYTHING)
    values = list(paging.Listing.objects.filter(attributevalue__attribute__key="artist"))
    parts = paging.wider(
        everything, order="newest", language="en", within={"artist": values, "colour": [everything]}
    )
    drawn = samples.read(parts)["colour"]
    assert not drawn.is_whole
    assert 10 <= len(drawn.items) <= 10 + len(values)


def test_each_value_goes_by_itself_and_all_together(client, prints):
    page = client.get(
        "/search?q=print&filter=artist:klee&filter=artist:blake&filter=colour:red"
    ).content.decode()
    links = re.findall(r'class="chip(?: chip--on)?" href="([^"]+)"', page)
    assert [parse_qs(urlsplit(html.unescape(link)).query).get("filter") for link in links[-4:]] == [
        ["artist:klee", "colour:red"],
        ["artist:blake", "colour:red"],
        ["artist:blake", "artist:klee"],
        None,
    ]
    assert "Clear all filters" in page
    assert (
        "Quitar todos los filtros"
        in client.get(
            "/browse?filter=artist:klee&filter=artist:blake", headers={"accept-language": "es"}
        ).content.decode()
    )


def test_the_form_keeps_the_query_the_order_and_what_is_no_choice_of_it(client, prints):
    page = client.get("/browse?order=title&filter=size:large&filter=artist:klee").content.decode()
    assert "Nothing was found" in page
    page = client.get("/browse?order=title&filter=artist:nobody&filter=artist:klee").content.decode()
    assert '<input type="hidden" name="order" value="title">' in page
    assert '<input type="hidden" name="filter" value="artist:nobody">' in page
    assert '<input type="hidden" name="filter" value="artist:klee">' not in page
    assert sorted(seen(client, "/browse?filter=artist:nobody&filter=artist:klee")) == right({"Klee"}, set())
    assert '<input type="hidden" name="q" value="print">' in client.get("/search?q=print").content.decode()


def test_a_category_below_a_chosen_one_narrows_further(client, item, category):
    harbours, rivers = category("Places", "Harbours"), category("Places", "Rivers")
    for number in range(3):
        item(f"Boat {number}", categories=[harbours if number else rivers])
    item("Lady", categories=[category("People")])
    page = client.get("/search?q=boat&filter=.in:places").content.decode()
    assert 'value=".in:places/harbours"><span>Harbours</span> <small>2</small>' in page
    both = client.get("/browse?filter=.in:places&filter=.in:places/harbours").content.decode()
    assert sorted(CARD.findall(both)) == ["Boat 1", "Boat 2"]
    either = client.get("/browse?filter=.in:people&filter=.in:places/harbours").content.decode()
    assert sorted(CARD.findall(either)) == ["Boat 1", "Boat 2", "Lady"]


def test_the_same_filters_in_another_order_are_one_page(client, prints, queries):
    client.get("/browse?filter=artist:klee&filter=artist:blake&order=title")
    with queries() as statements:
        client.get("/browse?filter=artist:blake&order=title&filter=artist:klee&filter=artist:klee")
    assert len(statements) == 0


def test_filters_are_read_once_each_in_one_order_and_not_without_end():
    assert parse(["b:2", "b:1", "a:1", "b:2", "", ":", "a", ":x", "a:"]) == [
        Filter("a", "1"),
        Filter("b", "1"),
        Filter("b", "2"),
    ]
    assert len(parse([f"a:{number}" for number in range(1000)])) == MOST
    assert parse([".in:a", ".in:a/b", ".in:a/c", ".in:ab"]) == [
        Filter(".in", "a/b"),
        Filter(".in", "a/c"),
        Filter(".in", "ab"),
    ]


def test_a_thousand_values_ask_no_more_of_the_database_and_it_is_said_how_many_count(client, prints, queries):
    many = "&".join(f"filter=artist:{name}" for name in [*(f"a{n}" for n in range(900)), "turner"])
    for address in (f"/browse?{many}", f"/search?q=print&{many}"):
        cache.clear()
        held.forget()
        with queries() as statements:
            page = client.get(address)
        assert page.status_code == 200
        assert len(statements) <= 6
        assert "At most 12 filters count at once." in page.content.decode()


API = "/api/v1/catalog"


@pytest.mark.parametrize("address", ["items/?order=title", "search/?q=print"])
@pytest.mark.parametrize("common", [1000, 0])
def test_programs_filter_by_several_values_page_by_page(client, prints, monkeypatch, address, common):
    monkeypatch.setattr(searching, "COMMON", common)
    address, titles = f"{API}/{address}&limit=7&{asked({'Blake', 'Klee'}, {'Red'})}", []
    while address:
        answer = client.get(address)
        titles += [item["title"] for item in answer.json()["items"]]
        address = re.sub("^<|>.*$", "", answer.headers.get("Link", ""))
    assert sorted(titles) == right({"Blake", "Klee"}, {"Red"})


@pytest.mark.parametrize(
    "filters", ["", "artist", ":blake", "artist:", "shape:round", "artist:blake&filter=x"]
)
@pytest.mark.parametrize("path", ["items/?", "search/?q=print&"])
def test_programs_are_told_what_is_no_filter(client, prints, path, filters):
    answer = client.get(f"{API}/{path}filter={filters}")
    assert (answer.status_code, answer.json()["code"]) == (400, "catalog.invalid_query")


def test_programs_are_told_of_too_many_and_may_repeat_themselves(client, prints):
    many = "&".join(f"filter=artist:a{number}" for number in range(1000))
    answer = client.get(f"{API}/items/?{many}")
    assert (answer.status_code, answer.json()["detail"]) == (400, "Send at most 12 filters.")
    same = "&".join(["filter=artist:klee"] * 50)
    assert client.get(f"{API}/search/?q=print&{same}").json()["total"] == len(right({"Klee"}, set()))
    assert client.get(f"{API}/items/?filter=artist:nobody").json()["items"] == []
    assert client.get(f"{API}/items/?filter=.in:nowhere").json()["items"] == []


@pytest.mark.parametrize("address", ["/browse", "/search?q=print"])
def test_what_is_chosen_is_called_as_it_was_offered(client, prints, address):
    place = Category.objects.get()
    service.change_category(place.pk, title="Prints", translations={"es": {"title": "Láminas"}})
    chosen = f"{address}{'&' if '?' in address else '?'}filter=.in:prints&filter=artist:blake"
    for language, title in {"en": "Prints", "es": "Láminas"}.items():
        held.forget()
        page = client.get(chosen, headers={"Accept-Language": language}).content.decode()
        assert re.search(rf'class="chip[^>]*>(?:<[^>]+>)*\s*{title}', page), page


def count(client, address):
    found = re.search(r'class="list-head__count">([^<]+)<', client.get(address).content.decode())
    return found and found[1]


def test_of_a_narrowed_list_it_is_told_how_many_there_are(client, prints, monkeypatch):
    chosen = asked({"Blake", "Klee"}, {"Red"})
    assert count(client, f"/browse?{chosen}") == f"{len(right({'Blake', 'Klee'}, {'Red'}))} items"
    assert count(client, "/browse?filter=artist:blake") == f"{len(right({'Blake'}, set()))} items"
    assert count(client, "/categories/prints?filter=colour:nothing") == "0 items"
    held.forget()
    cache.clear()
    monkeypatch.setattr(samples, "SAMPLE", 5)
    assert count(client, f"/browse?{chosen}") == "5 items or more"
    assert count(client, "/browse?filter=artist:blake") == f"{len(right({'Blake'}, set()))} items"


def test_what_is_less_frequent_is_there_when_it_is_asked_for(client, item):
    """Of 50 the first eight, the rest of forty behind them, and what is chosen always in front."""
    for number in range(50):
        item(f"Print {number}", Artist=f"Painter {number:02}")
    page = client.get("/browse").content.decode()
    shown, _mark, more = page.partition('<details class="facet__more">')
    named = re.compile(r'value="artist:painter-(\d+)"')
    assert (len(named.findall(shown)), len(named.findall(more))) == (8, 32)
    last = named.findall(more)[-1]
    shown, _mark, more = (
        client.get(f"/browse?filter=artist:painter-{last}").content.decode().partition("facet__more")
    )
    assert last in named.findall(shown)
    assert last not in named.findall(more)


def aside(page: str) -> str:
    return page[page.index("<aside") : page.index("</aside>")]


@pytest.mark.parametrize("common", [1000, 0])
def test_filters_of_a_search_are_counted_once_for_all_its_pages(client, prints, monkeypatch, common):
    monkeypatch.setattr(searching, "COMMON", common)
    first = client.get("/search?q=print").content.decode()
    following = html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    counted = []
    monkeypatch.setattr(facets, "facets", lambda *_which: counted.append(1) or [])
    second = client.get(following).content.decode()
    assert CARD.findall(second) != CARD.findall(first)
    assert aside(second) == aside(first)
    assert not counted


def test_and_counted_anew_once_anything_changes(client, prints):
    def blue() -> str:
        page = client.get("/search?q=print").content.decode()
        return next(number for _key, name, _on, number in CHOICE.findall(page) if name == "blue")

    before = int(blue())
    draft = Draft(title="Print of today", facts=[Fact(name="Colour", value="Blue")])
    service.create_item(draft, published=True)
    held.forget()
    assert int(blue()) == before + 1


def tree(page: str) -> list[tuple[int, str]]:
    """The categories offered: how deep each stands, and what it is called."""
    found, depth = [], 0
    for tag, title in re.findall(r'<(/?ul)[ >]|value="\.in:[^>]+><span>([^<]+)', aside(page)):
        depth += {"ul": 1, "/ul": -1}.get(tag, 0)
        if title:
            found.append((depth, title))
    return found


@pytest.fixture
def places(item, category):
    """Boats in harbours and on rivers, a lady among people; all are works."""
    for number, names in enumerate(
        [("Places", "Harbours"), ("Places", "Harbours"), ("Places", "Rivers"), ("People",)]
    ):
        item(f"Boat {number}", categories=[category("Works", *names)])


def test_a_category_stands_inside_of_the_one_above_it(client, places):
    for address in ("/browse", "/search?q=boat"):
        inside = [(1, "Places"), (2, "Harbours"), (2, "Rivers"), (1, "People")]
        assert tree(client.get(address).content.decode()) == inside, address
    narrowed = client.get("/browse?filter=.in:works/places/rivers").content.decode()
    assert 'value=".in:works/places/rivers" checked' in narrowed
    assert 'type="hidden" name="filter"' not in narrowed


def test_a_category_apart_from_the_one_above_it_is_told_with_its_name(client, places, monkeypatch):
    monkeypatch.setattr(facets, "CHOICES", 1)
    page = client.get("/browse").content.decode()
    assert tree(page) == [(1, "Places"), (1, "Places › Harbours"), (1, "People"), (1, "Places › Rivers")]


def test_of_more_that_are_equally_frequent_their_names_decide_which_are_offered(client, category):
    """Not the numbers of their rows, which are others on every site."""
    names = [f"Place {number:02}" for number in range(60)]
    drafts = [
        Draft(title=name, categories=[category(name).pk], facts=[Fact(name="Of", value=name)])
        for name in names
    ]
    with atomic("catalog"):
        service.create_items([Item(is_published=True) for _draft in drafts], drafts)
    page = client.get("/browse").content.decode()
    assert [title for _depth, title in tree(page)] == names[: facets.ALL_CHOICES]
