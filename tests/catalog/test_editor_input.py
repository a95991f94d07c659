"""What editors type: nothing of it is ever lost, whatever is wrong with it and whoever is away."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.utils.formats import number_format
from django.utils.translation import override

from apps.catalog import service
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.localized import shown_value
from apps.catalog.models import Category, Item
from tests.catalog.conftest import asset
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")

SOME = uuid.UUID(int=7)


@pytest.fixture
def as_alice(client, alice):
    return sign_in(client, alice)


def text(answer) -> str:
    return answer.content.decode()


def typed(title: str = "Boat", **more: object) -> dict[str, object]:
    """What a browser sends of the form, its empty fields too."""
    empty = dict.fromkeys(("description", "price", "slug", "version", "title_es", "description_es"), "")
    rows = {"fact-name": ["", ""], "fact-kind": ["text", "text"], "fact-value": ["", ""]}
    return {"title": title, **empty, "currency": "EUR", **rows, **more}


class Form(HTMLParser):
    """What a browser would send of the form `item-form` of a page, if one pressed Save."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside, self.textarea, self.select = False, "", ""
        self.said: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        one = dict(attrs)
        if tag == "form":
            self.inside = one.get("id") == "item-form"
        name, value = one.get("name", ""), one.get("value") or ""
        if not self.inside:
            return
        if tag == "input" and (one.get("type") != "checkbox" or "checked" in one):
            self.said.setdefault(name, []).append(value)
        elif tag == "textarea":
            self.textarea = name
            self.said[name] = [""]
        elif tag == "select":
            self.select = name
            self.said.setdefault(name, []).append("")
        elif tag == "option" and self.select and ("selected" in one or not self.said[self.select][-1]):
            self.said[self.select][-1] = value

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.said[self.textarea][0] = self.said[self.textarea][0].removeprefix("\n")
        if tag in ("textarea", "select"):
            self.textarea = self.select = ""

    def handle_data(self, data):
        if self.textarea:
            self.said[self.textarea][0] += data


def value_of(name: str, page: str) -> str:
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert field, f"no field {name}"
    value = re.search(r'value="([^"]*)"', field[0])
    return value[1] if value else ""


def test_pages_of_the_editor_are_nobody_elses_to_keep(as_alice, item):
    made = item("Boat", published=False)
    for page in ("/editor/", "/editor/new", f"/editor/{made.pk}", f"/editor/{made.pk}/preview"):
        answer = as_alice.get(page)
        assert answer.status_code == 200
        assert "private" in answer.headers["Cache-Control"]
        assert "ETag" not in answer.headers


def test_saving_the_form_as_it_is_changes_nothing_an_item_says(as_alice, item, category):
    """What the form shows is what it would save: in Spanish too, with its commas."""
    made = service.create_item(
        Draft(
            title='A "quoted" <b>title</b>',
            description="Two\r\nlines & more",
            translations={"es": {"title": "Título", "description": "Dos"}},
            price=Decimal("1234.50"),
            currency="MXN",
            categories=[category("B").pk, category("A", "C").pk],
            facts=[Fact(name="Weight", value=Decimal("1234.5")), Fact(name="Artist", value="Ö & Co")],
        ),
        published=True,
    )
    before = draft_of(made)
    for language in ("en", "es"):
        form = Form(text(as_alice.get(f"/editor/{made.pk}", headers={"accept-language": language})))
        assert form.said["version"] == [str(Item.objects.get(pk=made.pk).version)]
        assert form.said["price"] == [{"en": "1234.50", "es": "1234,50"}[language]]
        answer = as_alice.post(f"/editor/{made.pk}", form.said, headers={"accept-language": language})
        assert answer.status_code == 302, text(answer)
        assert draft_of(Item.objects.get(pk=made.pk)) == before


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": ""}, "This field is required."),
        ({"title": "x" * 401}, "at most 400 characters"),
        ({"title": "nul \x00"}, "Null characters are not allowed."),
        ({"description": "x" * 50_001}, "at most 50000 characters"),
        ({"price": "cheap"}, "Enter a number."),
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"price": "1.001"}, "no more than 2 decimal places"),
        ({"price": "9" * 4000}, "less than or equal to"),
        ({"price": "5", "currency": "euro"}, "Three letters, like EUR or MXN."),
        ({"slug": "Not A Slug"}, "Small letters, digits and hyphens only"),
        ({"title_es": "x" * 401}, "at most 400 characters"),
        ({"fact-name": [""], "fact-value": ["Turner"], "fact-kind": ["text"]}, "give the attribute a name"),
        ({"fact-name": ["Artist"], "fact-value": [""], "fact-kind": ["text"]}, "This field is required."),
        ({"fact-name": ["Year"], "fact-value": ["many"], "fact-kind": ["number"]}, "Enter a number."),
        ({"fact-name": ["Day"], "fact-value": ["31/02/2024"], "fact-kind": ["date"]}, "Enter a valid date."),
        ({"fact-name": ["x" * 81], "fact-value": ["y"], "fact-kind": ["text"]}, "longer than 80 characters"),
        ({"fact-name": ["A"], "fact-value": ["y" * 1001], "fact-kind": ["text"]}, "at most 1000 characters"),
        (
            {"fact-name": ["Big"], "fact-value": ["99999999999999999999"], "fact-kind": ["number"]},
            "Ensure that there are no more than",
        ),
    ],
)
def test_what_is_wrong_is_said_and_all_that_was_typed_is_still_there(as_alice, wrong, sentence, category):
    place = category("Harbours")
    said = typed("Blue boat", description="Kept <as> typed", categories=[str(place.pk)]) | wrong
    answer = as_alice.post("/editor/new", said)
    page = text(answer)
    assert answer.status_code == 422
    assert sentence in page
    assert "It was not saved yet" in page
    if "description" not in wrong:
        assert "Kept &lt;as&gt; typed" in page
    assert f'value="{place.pk}" checked' in page
    if "title" not in wrong:
        assert value_of("title", page) == "Blue boat"
    if "fact-value" in wrong:
        assert wrong["fact-value"][0] in page
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    ("language", "way", "number"),
    [
        ("en", "12,345", "12345"),
        ("en", "1,234.5", "1234.5"),
        ("en", "1,234,567.25", "1234567.25"),
        ("en", "1 234.5", "1234.5"),
        ("en", "12.345", "12.345"),
        ("en", "-1,234", "-1234"),
        ("es", "12\xa0345", "12345"),
        ("es", "1 234,5", "1234.5"),
        ("es", "1\u202f234\u202f567,25", "1234567.25"),
        ("es", "1.234,5", "1234.5"),
        ("es", "1.234.567", "1234567"),
        ("es", "1,234.5", "1234.5"),
        ("es", "1,234,567.25", "1234567.25"),
        ("es", "1 234.567", "1234.567"),
        ("es", "12,345", "12.345"),
        ("es", "12.5", "12.5"),
        ("es", "1.23", "1.23"),
        ("es", "0.125", "0.125"),
        ("es", "1234.567", "1234.567"),
        ("es", "12345", "12345"),
    ],
)
def test_a_number_is_understood_as_people_of_the_language_write_it(as_alice, language, way, number):
    fact = {"fact-name": ["Weight"], "fact-kind": ["number"], "fact-value": [way]}
    answer = as_alice.post("/editor/new", typed(**fact), headers={"accept-language": language})
    assert answer.status_code == 302, text(answer)
    assert draft_of(Item.objects.get()).facts[0].value == Decimal(number)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "number", ["0.05", "12.345", "1234", "1234.5", "12345", "1234567.25", "-12345.678901"]
)
def test_what_the_site_shows_can_be_pasted_back(as_alice, language, number):
    with override(language):
        shown = shown_value(number, "number")
        price = number_format(abs(Decimal(number)).quantize(Decimal("0.01")), 2, force_grouping=True)
    fact = {"fact-name": ["Weight"], "fact-kind": ["number"], "fact-value": [shown]}
    answer = as_alice.post("/editor/new", typed(price=price, **fact), headers={"accept-language": language})
    assert answer.status_code == 302, text(answer)
    draft = draft_of(Item.objects.get())
    assert draft.facts[0].value == Decimal(number)
    assert draft.price == abs(Decimal(number)).quantize(Decimal("0.01"))


@pytest.mark.parametrize("way", ["12.345", "1.234", "-1.234"])
def test_a_number_of_two_meanings_is_refused_with_both_ways_to_write_it(as_alice, way):
    fact = {"fact-name": ["Weight"], "fact-kind": ["number"], "fact-value": [way]}
    for said in (fact, {"price": way}):
        answer = as_alice.post("/editor/new", typed(**said), headers={"accept-language": "es"})
        assert answer.status_code == 422
        page = text(answer)
        assert (
            f"Escribe {way.replace('.', '')} si son miles o {way.replace('.', ',')} si son decimales" in page
        )
        assert f'value="{way}"' in page
    assert not Item.objects.exists()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "way", ["1,23,456", "1.234.56", "1,234,5", "12 34", "1 234.567.890", "1234,567.8", "1.234 567", "1,234-"]
)
def test_what_is_grouped_like_no_number_is_refused(as_alice, language, way):
    answer = as_alice.post("/editor/new", typed(price=way), headers={"accept-language": language})
    assert answer.status_code == 422
    assert {"en": "Enter a number.", "es": "Escribe un número."}[language] in text(answer)
    assert value_of("price", text(answer)) == way


def test_the_highest_price_is_told_as_the_language_writes_it(as_alice):
    for language, most in (("en", "9,999,999,999.99"), ("es", "9\xa0999\xa0999\xa0999,99")):
        answer = as_alice.post("/editor/new", typed(price="9" * 11), headers={"accept-language": language})
        assert most in text(answer)


def test_too_many_pictures_or_attributes_are_no_reason_to_lose_the_rest(as_alice, alice, library):
    library.assets = [asset(owner_id=alice.id) for _number in range(51)]
    places = {f"place-{one.id}": str(place) for place, one in enumerate(library.assets, start=1)}
    answer = as_alice.post("/editor/new", typed("Blue boat") | places)
    assert answer.status_code == 422
    assert "There are 51 pictures; at most 50 are kept." in text(answer)
    assert value_of("title", text(answer)) == "Blue boat"
    assert not Item.objects.exists()


def test_categories_that_are_not_there_are_left_out(as_alice, category):
    place = category("Harbours")
    wrong = ["0", "x", "-1", str(2**63 - 1), "9" * 19, "9" * 300, "١", str(place.pk)]
    assert as_alice.post("/editor/new", typed(categories=wrong)).status_code == 302
    assert draft_of(Item.objects.get()).categories == [place.pk]


def test_chosen_pictures_stand_in_the_order_of_their_numbers(as_alice, alice, library):
    first, second, third, foreign = *(asset(owner_id=alice.id, title=f"P{n}") for n in range(3)), asset()
    library.assets = [first, second, third, foreign]
    assert f"place-{second.id}" in text(as_alice.get("/editor/new"))
    assert str(foreign.id) not in text(as_alice.get("/editor/new"))
    places = {third.id: "1", first.id: " 2 ", second.id: "", foreign.id: "3"}
    said = typed() | {f"place-{pk}": place for pk, place in places.items()}
    as_alice.post("/editor/new", said | {"place-nonsense": "1", f"place-{uuid.uuid4()}": "4"})
    made = Item.objects.get()
    assert draft_of(made).pictures == [third.id, first.id]
    page = text(as_alice.get(f"/editor/{made.pk}"))
    shown = re.findall(r'name="place-([0-9a-f-]+)" value="(\d?)"', page)
    assert shown == [(str(third.id), "1"), (str(first.id), "2"), (str(second.id), "")]


@pytest.mark.parametrize("number", ["last", "1e400", "nan", "-7", "🚤", "9" * 400])
def test_a_place_that_is_no_number_still_chooses(as_alice, alice, library, number):
    library.assets = [asset(owner_id=alice.id)]
    as_alice.post("/editor/new", typed() | {f"place-{library.assets[0].id}": number})
    assert draft_of(Item.objects.get()).pictures == [library.assets[0].id]


def test_while_media_is_away_everything_else_can_be_saved(as_alice, alice, library, item):
    chosen, new = asset(owner_id=alice.id), asset(owner_id=alice.id)
    made = item("Boat", pictures=[chosen.id])
    library.is_away = True
    page = text(as_alice.get(f"/editor/{made.pk}"))
    assert "can’t be reached right now" in page
    assert value_of(f"place-{chosen.id}", page) == "1"
    said = typed("Ship") | {f"place-{chosen.id}": "1"}
    assert as_alice.post(f"/editor/{made.pk}", said).status_code == 302
    assert draft_of(Item.objects.get()).pictures == [chosen.id]

    answer = as_alice.post(f"/editor/{made.pk}", said | {"title": "Yacht", f"place-{new.id}": "2"})
    assert answer.status_code == 422
    assert "can’t be reached right now" in text(answer)
    assert value_of("title", text(answer)) == "Yacht"
    assert value_of(f"place-{new.id}", text(answer)) == "2"
    assert Item.objects.get().title == "Ship"


def test_more_of_a_large_library(as_alice, alice, library):
    library.assets = [asset(owner_id=alice.id) for _number in range(70)]
    page = text(as_alice.get("/editor/new"))
    assert page.count('name="place-') == 60
    more = re.search(r'hx-get="(/editor/pictures[^"]*)"', page)
    assert more
    rest = text(as_alice.get(more[1].replace("&amp;", "&")))
    assert rest.count('name="place-') == 10
    assert "hx-get" not in rest


def test_every_item_once_on_the_pages_of_a_long_list(as_alice, item):
    made = [item(f"Item {number:03}") for number in range(101)]
    moment = made[0].changed_at
    Item.objects.filter(pk__in=[one.pk for one in made[:60]]).update(changed_at=moment)
    found, page = [], text(as_alice.get("/editor/"))
    for _step in range(5):
        found += re.findall(r"Item \d{3}", page)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        if not following:
            break
        page = text(as_alice.get("/editor/" + following[1].replace("&amp;", "&")))
    assert sorted(found) == [f"Item {number:03}" for number in range(101)]


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "~",
        "2024-01-01",
        f"2999-01-01T00:00:00~{SOME}",
        f"0001-01-01T00:00:00+14:00~{SOME}",
    ],
)
def test_a_foreign_place_in_the_list_is_its_beginning(as_alice, item, after):
    item("Boat")
    answer = as_alice.get("/editor/", {"after": after})
    assert answer.status_code == 200
    assert "Boat" in text(answer)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"title": "", "parent": ""}, "This field is required."),
        ({"title": "x" * 201, "parent": ""}, "at most 200 characters"),
        ({"title": "Sails", "parent": "no/such"}, "There is no such category."),
        ({"title": "Sails", "parent": "a/" * 300}, "There is no such category."),
    ],
)
def test_a_category_that_can_not_be(as_alice, said, sentence):
    answer = as_alice.post("/editor/categories", said)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert value_of("title", text(answer)) == said["title"]
    assert not Category.objects.exists()


def test_an_address_no_category_can_have(as_alice):
    assert as_alice.get(f"/editor/categories/{'9' * 30}").status_code == 404
