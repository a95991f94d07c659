"""The editor: who may, that nothing typed is ever lost, and that what was said is what is kept."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal

import pytest
from django.test import Client

from apps.catalog import service
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.models import Category, Item
from tests.catalog.conftest import asset
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


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


def value_of(name: str, page: str) -> str:
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert field, f"no field {name}"
    value = re.search(r'value="([^"]*)"', field[0])
    return value[1] if value else ""


# Who may


def test_the_signed_out_are_sent_to_sign_in_and_members_are_refused(client, bob, item):
    made = item("Boat")
    pages = ["/editor/", "/editor/new", "/editor/pictures", "/editor/categories", f"/editor/{made.pk}"]
    pages += [f"/editor/{made.pk}/preview", f"/editor/{made.pk}/delete"]
    verbs = ["/editor/new", f"/editor/{made.pk}", "/editor/categories"]
    verbs += [f"/editor/{made.pk}/{verb}" for verb in ("publish", "withdraw", "delete")]
    for page in pages:
        answer = client.get(page)
        assert (answer.status_code, answer.headers["Location"]) == (
            302,
            f"/accounts/login/?next={page}",
        )
    assert {client.post(verb, typed("Mine")).status_code for verb in verbs} == {302}
    member = sign_in(Client(), bob)
    assert {member.get(page).status_code for page in pages} == {403}
    assert {member.post(verb, typed("Mine")).status_code for verb in verbs} == {403}
    assert [one.title for one in Item.objects.all()] == ["Boat"]
    assert Item.objects.get().is_published


def test_a_form_from_elsewhere_is_refused(alice, item):
    made = item("Boat")
    careful = sign_in(Client(enforce_csrf_checks=True), alice)
    assert careful.post(f"/editor/{made.pk}/delete").status_code == 403
    assert Item.objects.filter(pk=made.pk).exists()


def test_pages_of_the_editor_are_nobody_elses_to_keep(as_alice, item):
    made = item("Boat", published=False)
    for page in ("/editor/", "/editor/new", f"/editor/{made.pk}", f"/editor/{made.pk}/preview"):
        answer = as_alice.get(page)
        assert answer.status_code == 200
        assert "private" in answer.headers["Cache-Control"]
        assert "ETag" not in answer.headers


# Saving


def test_an_editor_creates_a_draft_and_publishes_it(as_alice, client, category, alice):
    place = category("Harbours")
    said = typed(
        "Blue boat",
        description="Two\nlines",
        price="12.50",
        currency="mxn",
        title_es="Barco azul",
        categories=[str(place.pk)],
        **{
            "fact-name": ["Artist", "Year", "Made on", ""],
            "fact-kind": ["text", "number", "date", "text"],
            "fact-value": [" Turner ", "1840", "1840-05-01", ""],
        },
    )
    answer = as_alice.post("/editor/new", said, follow=True)
    made = Item.objects.get()
    assert answer.redirect_chain == [(f"/editor/{made.pk}", 302)]
    assert "“Blue boat” is saved as a draft." in text(answer)
    assert (made.owner_id, made.is_published) == (alice.id, False)
    draft = draft_of(made)
    assert (draft.price, draft.currency, draft.slug) == (Decimal("12.50"), "MXN", "blue-boat")
    assert draft.translations == {"es": {"title": "Barco azul"}}
    assert draft.categories == [place.pk]
    assert [(fact.name, str(fact.value)) for fact in draft.facts] == [
        ("Artist", "Turner"),
        ("Year", "1840"),
        ("Made on", "1840-05-01"),
    ]
    assert Client().get("/items/blue-boat").status_code == 404
    answer = as_alice.post(
        f"/editor/{made.pk}", said | {"version": str(made.version), "publish": "1"}, follow=True
    )
    assert "“Blue boat” is saved and everybody can see it." in text(answer)
    assert "Turner" in text(Client().get("/items/blue-boat"))


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
        page = text(as_alice.get(f"/editor/{made.pk}", headers={"accept-language": language}))
        assert value_of("version", page) == str(Item.objects.get(pk=made.pk).version)
        rows = {
            f"fact-{name}": re.findall(rf'name="fact-{name}" value="([^"]*)"', page)
            for name in ("name", "value")
        }
        kinds = re.findall(r'<option value="(\w+)" selected>', page)
        answer = as_alice.post(
            f"/editor/{made.pk}",
            {
                "title": before.title,
                "description": before.description,
                "title_es": "Título",
                "description_es": "Dos",
                "price": value_of("price", page),
                "currency": value_of("currency", page),
                "slug": value_of("slug", page),
                "version": value_of("version", page),
                "categories": re.findall(r'name="categories" value="(\d+)" checked', page),
                "fact-name": [name.replace("&amp;", "&") for name in rows["name"]],
                "fact-kind": [*kinds, *["text"] * (len(rows["name"]) - len(kinds))],
                "fact-value": [value.replace("&amp;", "&") for value in rows["value"]],
            },
            headers={"accept-language": language},
        )
        assert answer.status_code == 302, text(answer)
        after = draft_of(Item.objects.get(pk=made.pk))
        assert set(after.categories) == set(before.categories)
        assert (after.title, after.description, after.price, after.facts, after.translations, after.slug) == (
            *(before.title, before.description, before.price, before.facts),
            *(before.translations, before.slug),
        )


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


def test_too_many_pictures_or_attributes_are_no_reason_to_lose_the_rest(as_alice, alice, library):
    library.assets = [asset(owner_id=alice.id) for _number in range(51)]
    places = {f"place-{one.id}": str(place) for place, one in enumerate(library.assets, start=1)}
    answer = as_alice.post("/editor/new", typed("Blue boat") | places)
    assert answer.status_code == 422
    assert "There are 51 pictures; at most 50 are kept." in text(answer)
    assert value_of("title", text(answer)) == "Blue boat"
    assert not Item.objects.exists()


def test_more_lines_and_found_categories_leave_what_was_typed(as_alice, item):
    rows = {"fact-name": ["Artist"], "fact-kind": ["text"], "fact-value": ["Turner"]}
    for button in ("add-row", "find"):
        answer = as_alice.post(
            "/editor/new", typed("", description="Half", price="not yet a number") | rows | {button: "1"}
        )
        assert answer.status_code == 200
        page = text(answer)
        assert "Half" in page
        assert value_of("price", page) == "not yet a number"
        assert re.findall(r'name="fact-value" value="([^"]*)"', page) == ["Turner", "", ""]
        assert "errorlist" not in page
    assert not Item.objects.exists()


def test_categories_that_are_not_there_are_left_out(as_alice, category):
    place = category("Harbours")
    wrong = ["0", "x", "-1", str(2**63 - 1), "9" * 19, "9" * 300, "١", str(place.pk)]
    assert as_alice.post("/editor/new", typed(categories=wrong)).status_code == 302
    assert draft_of(Item.objects.get()).categories == [place.pk]


# Two editors


def test_the_second_editor_sees_both_and_decides(as_alice, item):
    made = item("Boat", Artist="Turner")
    read = str(made.version)
    theirs = Draft(title="Ship", description="By them", price=Decimal(5), currency="EUR")
    service.change_item(made.pk, theirs)
    said = typed("My boat", version=read, description="By me")
    answer = as_alice.post(f"/editor/{made.pk}", said)
    page = text(answer)
    assert answer.status_code == 409
    assert "Somebody else changed this item while you were editing it." in page
    for both in ("Ship", "By them", "5.00 EUR"):
        assert both in page
    assert value_of("title", page) == "My boat"
    assert "By me" in page
    assert Item.objects.get(pk=made.pk).title == "Ship"

    answer = as_alice.post(f"/editor/{made.pk}", said | {"version": value_of("version", page)})
    assert answer.status_code == 302
    assert Item.objects.get(pk=made.pk).title == "My boat"


def test_an_item_deleted_meanwhile_is_not_there(as_alice, item):
    made = item("Boat")
    service.delete_item(made.pk)
    assert as_alice.get(f"/editor/{made.pk}").status_code == 404
    assert as_alice.post(f"/editor/{made.pk}", typed()).status_code == 404
    for verb in ("publish", "withdraw", "delete"):
        assert as_alice.post(f"/editor/{made.pk}/{verb}").status_code == 404
    assert as_alice.get(f"/editor/{uuid.uuid4()}/preview").status_code == 404


# Pictures


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


@pytest.mark.parametrize("place", ["last", "1e400", "nan", "-7", "🚤", "9" * 400])
def test_a_place_that_is_no_number_still_chooses(as_alice, alice, library, place):
    library.assets = [asset(owner_id=alice.id)]
    as_alice.post("/editor/new", typed() | {f"place-{library.assets[0].id}": place})
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


# Verbs and lists


def test_publish_withdraw_and_delete(as_alice, item):
    made = item("Boat", published=False)
    assert "“Boat” is published" in text(as_alice.post(f"/editor/{made.pk}/publish", follow=True))
    assert "“Boat” is a draft again" in text(as_alice.post(f"/editor/{made.pk}/withdraw", follow=True))
    assert as_alice.get(f"/editor/{made.pk}/publish").status_code == 405
    assert "Delete “Boat”?" in text(as_alice.get(f"/editor/{made.pk}/delete"))
    assert Item.objects.exists()
    assert "“Boat” is deleted." in text(as_alice.post(f"/editor/{made.pk}/delete", follow=True))
    assert not Item.objects.exists()


def test_a_draft_can_be_looked_at_as_it_will_be(as_alice, item):
    made = item("Secret boat", published=False, Artist="Turner")
    page = text(as_alice.get(f"/editor/{made.pk}/preview"))
    for words in ("A preview: only editors see this page.", "Secret boat", "Turner"):
        assert words in page


def test_all_items_drafts_too_and_by_status_and_title(as_alice, item):
    item("Boat")
    item("Ámbar", published=False)
    assert "Boat" in text(as_alice.get("/editor/"))
    assert "Ámbar" in text(as_alice.get("/editor/"))
    assert "Boat" not in text(as_alice.get("/editor/?status=draft"))
    assert "Ámbar" not in text(as_alice.get("/editor/?status=published"))
    assert "Ámbar" in text(as_alice.get("/editor/?q=AMB"))
    assert "Nothing was found" in text(as_alice.get("/editor/?q=zebra"))


def test_an_empty_catalogue_says_how_to_begin(as_alice):
    assert "Create the first item" in text(as_alice.get("/editor/"))


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
        f"2024-01-01T00:00:00~{uuid.uuid4()}",
        f"0001-01-01T00:00:00+14:00~{uuid.uuid4()}",
    ],
)
def test_a_foreign_place_in_the_list_is_its_beginning(as_alice, item, after):
    item("Boat")
    answer = as_alice.get("/editor/", {"after": after})
    assert answer.status_code == 200
    assert "Boat" in text(answer)


# Categories


def test_a_category_is_made_renamed_and_deleted(as_alice):
    as_alice.post("/editor/categories", {"title": "Ships", "parent": "", "title_es": "Barcos"})
    answer = as_alice.post("/editor/categories", {"title": "Sails", "parent": " ships/ "}, follow=True)
    assert "The category “Sails” is there." in text(answer)
    top, below = Category.objects.order_by("path")
    assert (top.path, below.path, top.translations) == ("ships", "ships/sails", {"es": {"title": "Barcos"}})
    as_alice.post(f"/editor/categories/{below.pk}", {"title": "Rigging", "title_es": ""})
    below.refresh_from_db()
    assert (below.title, below.path) == ("Rigging", "ships/sails")
    answer = as_alice.post(f"/editor/categories/{top.pk}", {"delete": "1"}, follow=True)
    assert "Only an empty category can be deleted." in text(answer)
    as_alice.post(f"/editor/categories/{below.pk}", {"delete": "1"})
    as_alice.post(f"/editor/categories/{top.pk}", {"delete": "1"})
    assert not Category.objects.exists()
    assert as_alice.get(f"/editor/categories/{top.pk}").status_code == 404
    assert as_alice.get(f"/editor/categories/{'9' * 30}").status_code == 404


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
