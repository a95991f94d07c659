"""The editor's pages: nothing typed is lost, nobody overwrites unseen, editors only, without JavaScript."""

from __future__ import annotations

import html
import re
import uuid
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from apps.catalog import service
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.models import Attribute, Item
from apps.catalog.pictures import copy_of
from apps.media.contract import AssetPage, Media
from seam import atomic
from seam.binding import use
from tests.catalog.conftest import asset
from tests.catalog.marks import searched
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


@pytest.fixture
def media(monkeypatch):
    """Media as the editor's pages meet it: `media.assets` is everybody's library."""

    class Library:
        assets: list = []
        is_away = False

        def list_assets(self, *, owner_id, limit=60, after=None, query=""):
            if self.is_away:
                raise ConnectionError("media is away")
            own = [a for a in self.assets if a.owner_id == owner_id and query.lower() in a.title.lower()]
            begin = int(after or 0)
            return AssetPage(
                assets=own[begin : begin + limit],
                next=str(begin + limit) if len(own) > begin + limit else None,
            )

        def list_assets_by_id(self, *, ids):
            return [a for a in self.assets if a.id in ids]

    library = Library()
    monkeypatch.setattr(
        "apps.catalog.library.use", lambda contract: library if contract is Media else use(contract)
    )
    return library


def form(**said) -> dict:
    """What a browser sends for an item's form."""
    names = ("title", "description", "price", "currency", "slug", "title_es", "description_es", "version")
    return dict.fromkeys(names, "") | {"currency": "EUR"} | said


def facts(*rows: tuple[str, str, str]) -> dict:
    columns = zip(*rows, strict=True)
    return {
        f"fact-{name}": list(column) for name, column in zip(("name", "kind", "value"), columns, strict=True)
    }


ADDRESSES = ["/editor/", "/editor/new", "/editor/pictures", "/editor/categories", "/editor/values"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_editors_only(client, bob, editor, media, address):
    assert client.get(address).status_code == 302
    assert "/accounts/login/" in client.get(address).headers["Location"]
    assert sign_in(Client(), bob).get(address).status_code == 403
    assert editor.get(address).status_code == 200


def test_members_can_do_nothing_by_hand_either(bob, item):
    made = item("Boat")
    member = sign_in(Client(), bob)
    assert member.post(f"/editor/{made.pk}", form(title="Boat", withdraw="1")).status_code == 403
    for verb in ("publish", "delete"):
        assert member.post(f"/editor/{made.pk}/{verb}").status_code == 403
    assert member.post("/editor/new", form(title="Mine")).status_code == 403
    assert member.get(f"/editor/{made.pk}").status_code == 403
    assert Item.objects.get().is_published


def test_an_item_is_created_as_a_draft_changed_previewed_published_withdrawn_deleted(
    editor, media, alice, category
):
    place = category("Place")
    created = editor.post("/editor/new", form(title="Vase", categories=[str(place.pk)], save="1"))
    made = Item.objects.get()
    assert created.status_code == 302
    assert (made.is_published, made.owner_id) == (False, alice.id)
    assert Client().get("/items/vase").status_code == 404
    assert b"only editors see" in editor.get(f"/editor/{made.pk}/preview").content

    page = editor.get(f"/editor/{made.pk}").content.decode()
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    said = form(
        title="Vase, blue",
        price="12.50",
        currency="mxn",
        title_es="Jarrón",
        version=version,
        publish="1",
        categories=[str(place.pk)],
    )
    rows = facts(("Made on", "date", "2024-05-01"), ("Height", "number", "12.5"), ("", "text", ""))
    assert editor.post(f"/editor/{made.pk}", said | rows).status_code == 302
    draft = draft_of(Item.objects.get())
    assert (draft.title, draft.price, draft.currency) == ("Vase, blue", Decimal("12.50"), "MXN")
    assert [fact.name for fact in draft.facts] == ["Made on", "Height"]
    assert draft.facts[1].value == Decimal("12.5")
    assert draft.translations == {"es": {"title": "Jarrón"}}
    assert b"Vase, blue" in Client().get("/items/vase").content

    editor.post(f"/editor/{made.pk}", opened(editor, made) | {"withdraw": "1"})
    assert not Item.objects.get().is_published
    assert editor.get(f"/editor/{made.pk}/delete").status_code == 200
    assert Item.objects.exists()
    editor.post(f"/editor/{made.pk}/delete")
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (form(title=""), "This field is required"),
        (form(title="T", price="cheap"), "Enter a number"),
        (form(title="T", price="-1"), "greater than or equal to 0"),
        (form(title="T", price="1.234"), "no more than 2 decimal places"),
        (form(title="T", currency="EURO"), "Three letters"),
        (form(title="T", slug="Not A Slug"), "Small letters"),
        (form(title="T" * 401), "at most 400 characters"),
        (form(title="T") | facts(("Year", "number", "long ago")), "Enter a number"),
        (form(title="T") | facts(("Year", "date", "2024-13-45")), "Enter a valid date"),
        (form(title="T") | facts(("", "text", "Turner")), "give the attribute a name"),
        (form(title="T") | facts(("Artist", "text", "")), "required"),
    ],
)
def test_what_is_wrong_is_said_and_everything_typed_is_still_there(editor, media, said, sentence):
    said = said | {"description": "A long text somebody wrote", "publish": "1"}
    response = editor.post("/editor/new", said)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "A long text somebody wrote" in page
    assert not Item.objects.exists()
    for value in said.get("fact-value", []):
        assert value in page


def test_enter_saves(editor, media):
    page = editor.get("/editor/new").content.decode()
    assert 'name="save"' in re.search(r"<button[^>]*>", page[page.index('id="item-form"') :])[0]


def test_asking_for_more_lines_keeps_what_was_typed_and_saves_nothing(editor, media):
    rows = facts(("Artist", "text", "Ana"), ("Year", "number", "18"))
    page = editor.post("/editor/new", form(title="", price="not yet", **{"add-row": "1"}) | rows)
    text = page.content.decode()
    assert page.status_code == 200
    assert 'value="not yet"' in text
    assert 'value="Ana"' in text
    assert "errorlist" not in text
    assert text.count('class="fact-row"') == 4
    assert not Item.objects.exists()


def hidden(page: str, name: str) -> str:
    """What a hidden field of the page holds."""
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def opened(editor, item) -> dict:
    """What a browser sends back of the form it was given, changed in nothing."""
    page = editor.get(f"/editor/{item.pk}").content.decode()
    draft = draft_of(Item.objects.get(pk=item.pk))
    own = {"title": draft.title, "description": draft.description.replace("\n", "\r\n"), "slug": draft.slug}
    categories = {"categories": [str(pk) for pk in draft.categories]}
    places = {f"place-{pk}": str(number) for number, pk in enumerate(draft.pictures, 1)}
    stamps = {name: hidden(page, name) for name in ("version", "seen")}
    rows = facts(*((fact.name, "text", fact.value) for fact in draft.facts)) if draft.facts else {}
    return form(**own, **stamps, save="1") | rows | categories | places


def sides(page: str) -> dict[str, tuple[str, str]]:
    """Of each difference: who changed it, and whose is offered first."""
    found = {}
    for part in re.findall(r"<fieldset class=.versions.*?</fieldset>", page, re.S):
        name = re.search(r'name="choose-([\w-]+)"', part)[1]
        found[name] = (
            re.search(r"<small>(.*?)</small>", part)[1],
            re.search(r'value="(\w+)" checked', part)[1],
        )
    return found


def test_the_second_editor_sees_both_versions_and_decides_field_by_field(editor, media, item, category):
    place, picture = category("Things"), uuid.uuid4()
    made = item("Boat", description="One\ntwo", Artist="Ann", pictures=[picture], categories=[place])
    mine = opened(editor, made) | {"title": "Mine", "price": "5"} | facts(("Artist", "text", "Ana"))
    theirs = Draft(
        title="Theirs", description="They wrote this", slug="boat", facts=[Fact(name="Artist", value="Ann")]
    )
    service.change_item(made.pk, theirs)
    answer = editor.post(f"/editor/{made.pk}", mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert Item.objects.get().title == "Theirs"
    assert sides(page) == {
        "title": ("both of you changed it", "mine"),
        "description": ("only they changed it", "theirs"),
        "price": ("only you changed it", "mine"),
        "pictures": ("only they changed it", "theirs"),
        "facts": ("only you changed it", "mine"),
        "categories": ("only they changed it", "theirs"),
    }
    for text in ("Mine", "Theirs", "They wrote this", "5.00 EUR", "Artist: Ana", "Artist: Ann"):
        assert text in page
    again = mine | {"version": hidden(page, "version"), "seen": hidden(page, "seen")}
    chosen = {f"choose-{name}": first for name, (_by, first) in sides(page).items()}
    go_on = editor.post(f"/editor/{made.pk}", again | chosen | {"edit": "1", "choose-title": "theirs"})
    assert 'value="Theirs"' in go_on.content.decode()
    assert "data-unsaved" in go_on.content.decode()
    assert Item.objects.get().price is None
    assert editor.post(f"/editor/{made.pk}", again | chosen).status_code == 302
    draft = draft_of(Item.objects.get())
    assert (draft.title, draft.description, draft.price) == ("Mine", "They wrote this", Decimal(5))
    assert (draft.facts, draft.pictures, draft.categories) == ([Fact(name="Artist", value="Ana")], [], [])


def test_a_version_that_nobody_wrote_stops_nobody(editor, media, item):
    made = item("Boat", description="One\ntwo", Artist="Ann")
    mine = opened(editor, made) | {"title": "Mine"}
    with atomic("catalog"):
        service.refresh([Item.objects.get()])  # as when a picture is ready
    assert editor.post(f"/editor/{made.pk}", mine).status_code == 302
    assert Item.objects.get().title == "Mine"


def test_two_who_wrote_the_same_are_not_asked(editor, media, item):
    made = item("Boat", description="One\ntwo")
    mine = opened(editor, made) | {"title": "Ship"}
    service.change_item(made.pk, Draft(title="Ship", description="One\ntwo", slug="boat"))
    assert editor.post(f"/editor/{made.pk}", mine).status_code == 302


def test_a_third_who_is_faster_again_is_seen_too(editor, media, item):
    made = item("Boat")
    mine = opened(editor, made) | {"title": "Mine"}
    service.change_item(made.pk, Draft(title="Theirs", slug="boat"))
    page = editor.post(f"/editor/{made.pk}", mine).content.decode()
    again = mine | {"version": hidden(page, "version"), "seen": hidden(page, "seen"), "choose-title": "mine"}
    service.change_item(made.pk, Draft(title="A third", slug="boat"))
    answer = editor.post(f"/editor/{made.pk}", again)
    assert answer.status_code == 409
    assert "A third" in answer.content.decode()
    assert Item.objects.get().title == "A third"


def test_stamps_of_one_item_open_no_pictures_to_another(editor, media, item):
    theirs = uuid.uuid4()
    one, other = item("Vase", pictures=[theirs]), item("Boat")
    stolen = opened(editor, other) | {"seen": opened(editor, one)["seen"], f"place-{theirs}": "1"}
    assert editor.post(f"/editor/{other.pk}", stolen).status_code == 302
    assert draft_of(Item.objects.get(pk=other.pk)).pictures == []


@pytest.mark.parametrize("seen", ["", "x", "[]", "eyJ9:1:2", "." * 9000])
def test_stamps_that_are_not_ours_only_make_it_ask_more(editor, media, item, seen):
    made = item("Boat")
    mine = opened(editor, made) | {"title": "Mine", "seen": seen}
    service.change_item(made.pk, Draft(title="Theirs", slug="boat"))
    assert editor.post(f"/editor/{made.pk}", mine).status_code == 409


def test_what_was_typed_outlives_the_item(editor, media, item):
    made = item("Boat", Artist="Ann")
    mine = opened(editor, made) | {"description": "A long text somebody wrote"}
    service.delete_item(made.pk)
    answer = editor.post(f"/editor/{made.pk}", mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody deleted this item" in page
    assert "A long text somebody wrote" in page
    assert 'action="/editor/new"' in page
    assert editor.post("/editor/new", mine | {"version": "", "seen": ""}).status_code == 302
    assert Item.objects.get().description == "A long text somebody wrote"


def test_who_deletes_what_somebody_just_changed_is_asked_again(editor, media, item):
    made = item("Boat")
    version = hidden(editor.get(f"/editor/{made.pk}/delete").content.decode(), "version")
    service.change_item(made.pk, Draft(title="Better boat"))
    said = editor.post(f"/editor/{made.pk}/delete", {"version": version}, follow=True).content.decode()
    assert "Somebody else changed this item" in said
    version = hidden(said, "version")
    assert editor.post(f"/editor/{made.pk}/delete", {"version": version}).status_code == 302
    assert not Item.objects.exists()


def test_what_is_in_the_form_is_previewed_and_not_saved(editor, media, item, category, alice):
    made = item("Boat", categories=[category("Old")])
    picture = asset(owner_id=alice.id)
    media.assets = [picture]
    copy_of(picture).save()
    mine = opened(editor, made) | {"title": "Mine", "price": "5", "categories": [str(category("New").pk)]}
    mine |= facts(("Never named before", "number", "12.5")) | {f"place-{picture.id}": "1"}
    for address in (f"/editor/{made.pk}/preview", "/editor/new/preview"):
        page = editor.post(address, mine).content.decode()
        for text in (
            "Mine",
            "€5",
            "Never named before",
            "12.5",
            "/categories/new",
            picture.renditions[-1].url,
        ):
            assert text in page, (address, text)
        assert "nothing of it has been saved" in page
    wrong = editor.post("/editor/new/preview", mine | {"title": "", "price": "cheap"})
    assert wrong.status_code == 422
    assert "Enter a number" in wrong.content.decode()
    assert editor.get("/editor/new/preview").status_code == 404
    assert (Item.objects.get().title, Attribute.objects.count()) == ("Boat", 0)


def test_what_is_withdrawn_at_once_keeps_what_was_typed(editor, media, item):
    made = item("Boat", description="One\ntwo", Artist="Ann")
    page = editor.get(f"/editor/{made.pk}").content.decode()
    assert page.index('name="withdraw"') < page.index('name="title"')
    typed = opened(editor, made) | {"title": "", "price": "not yet"}
    page = editor.post(f"/editor/{made.pk}", typed | {"withdraw": "1"}).content.decode()
    assert "is a draft again" in page
    assert 'value="not yet"' in page
    assert "data-unsaved" in page
    assert 'name="withdraw"' not in page
    assert (Item.objects.get().is_published, Item.objects.get().title) == (False, "Boat")
    stamps = {name: hidden(page, name) for name in ("version", "seen")}
    assert (
        editor.post(f"/editor/{made.pk}", typed | stamps | {"title": "Ship", "price": "5"}).status_code == 302
    )
    assert Item.objects.get().title == "Ship"


def test_what_is_withdrawn_and_was_not_changed_is_shown_as_it_is(editor, media, item, category):
    places = [category("B"), category("A")]
    made = item("Boat", description="One\ntwo", Artist="Ann", pictures=[uuid.uuid4()], categories=places)
    assert editor.post(f"/editor/{made.pk}", opened(editor, made) | {"withdraw": "1"}).status_code == 302
    assert not Item.objects.get().is_published


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en", ["Title in English", "Description in English", "Title in Spanish", "Description in Spanish"]),
        ("es", ["Título en inglés", "Descripción en inglés", "Título en español", "Descripción en español"]),
    ],
)
def test_it_is_said_which_language_a_text_is_written_in(editor, media, category, language, labels):
    names = ("title", "description", "title_es", "description_es")
    for address, fields in (
        ("/editor/new", names),
        (f"/editor/categories/{category('Things').pk}", names[::2]),
    ):
        page = editor.get(address, headers={"accept-language": language}).content.decode()
        for name in fields:
            said = re.search(rf'<label for="id_{name}">([^<]+)', page)[1].strip()
            assert said == labels[names.index(name)], address
            field = re.search(rf'<(?:input|textarea)[^>]* name="{name}"[^>]*>', page)[0]
            assert f'lang="{"es" if name.endswith("_es") else "en"}"' in field


def test_an_attribute_that_got_another_name_meanwhile_is_nobodys_conflict(editor, media, item):
    made = item("Boat", Artist="Ann")
    form = opened(editor, made)
    artist = Attribute.objects.get()
    artist.label = "Maker"
    with atomic("catalog"):
        service.change_attribute(artist)
    service.rebuild()  # the job that follows
    assert editor.post(f"/editor/{made.pk}", form | {"title": "Ship", "save": "1"}).status_code == 302
    assert [fact.name for fact in draft_of(Item.objects.get()).facts] == ["Maker"]
    assert Attribute.objects.count() == 1


def test_values_are_suggested_of_the_attribute_somebody_fills_in(editor, item):
    for name in ("Ann", "Anna", "Bob"):
        item(Artist=name, Place=f"{name}'s")
    address = "/editor/values?fact-name=artist&fact-kind=text&fact-value="
    assert re.findall(r'value="([^"]+)"', editor.get(address + "an").content.decode()) == ["Ann", "Anna"]
    assert re.findall(r'value="([^"]+)"', editor.get(address).content.decode()) == ["Ann", "Anna", "Bob"]
    assert editor.get("/editor/values?fact-name=%00&fact-value=%00").status_code == 200


def test_pictures_are_chosen_by_their_place_and_only_ones_own(editor, media, alice):
    first, second = asset(owner_id=alice.id), asset(owner_id=alice.id)
    foreign = asset()
    media.assets = [first, second, foreign]
    assert f"place-{first.id}" in editor.get("/editor/new").content.decode()
    assert f"place-{foreign.id}" not in editor.get("/editor/new").content.decode()
    places = {
        f"place-{first.id}": "2",
        f"place-{second.id}": "1",
        f"place-{foreign.id}": "3",
        "place-rubbish": "1",
    }
    editor.post("/editor/new", form(title="Vase", save="1") | places)
    assert draft_of(Item.objects.get()).pictures == [second.id, first.id]


def test_more_of_a_library_is_what_was_not_chosen_yet(editor, media, alice, monkeypatch):
    monkeypatch.setattr("apps.catalog.library.AT_ONCE", 1)
    media.assets = [asset(owner_id=alice.id) for _number in range(2)]
    page = editor.get("/editor/new").content.decode()
    more = html.unescape(re.search(r'hx-get="(/editor/pictures[^"]+)"', page)[1])
    assert 'hx-include="#chosen"' in page
    assert f"place-{media.assets[1].id}" in editor.get(more).content.decode()
    assert "place-" not in editor.get(f"{more}&place-{media.assets[1].id}=1").content.decode()


def test_a_picture_that_stands_twice_in_the_form_keeps_its_place(editor, media, alice):
    media.assets = [asset(owner_id=alice.id)]
    editor.post("/editor/new", form(title="Vase", save="1", **{f"place-{media.assets[0].id}": ["1", ""]}))
    assert draft_of(Item.objects.get()).pictures == [media.assets[0].id]


def test_pictures_of_somebody_else_that_are_there_already_stay(editor, media, item):
    theirs = uuid.uuid4()
    made = item("Vase", pictures=[theirs])
    version = Item.objects.get().version
    editor.post(
        f"/editor/{made.pk}", form(title="Vase", version=version, save="1", **{f"place-{theirs}": "1"})
    )
    assert draft_of(Item.objects.get()).pictures == [theirs]


def test_a_picture_is_looked_for_and_nothing_typed_or_chosen_is_lost(editor, media, alice, monkeypatch):
    monkeypatch.setattr("apps.catalog.library.AT_ONCE", 2)
    many = [asset(owner_id=alice.id, title=f"Harbour {number}") for number in range(3)]
    chosen = asset(owner_id=alice.id, title="Dunes")
    media.assets = [chosen, *many]
    assert 'name="find-picture"' in editor.get("/editor/new").content.decode()
    said = {"find-picture": "harbour", f"place-{chosen.id}": "1"}
    page = editor.post("/editor/new", form(title="Typed", find="picture", **said)).content.decode()
    assert 'value="Typed"' in page
    assert re.search(rf'name="place-{chosen.id}" value="1"', page)
    assert f"place-{many[1].id}" in page
    assert f"place-{many[2].id}" not in page
    more = re.search(r'hx-get="(/editor/pictures[^"]+)"', page)[1]
    assert f"place-{many[2].id}" in editor.get(html.unescape(more)).content.decode()
    nothing = editor.post("/editor/new", form(find="picture", **{"find-picture": "zebra"})).content.decode()
    assert "None of your pictures has these words." in nothing
    assert not Item.objects.exists()


def test_a_small_library_needs_no_search(editor, media, alice):
    media.assets = [asset(owner_id=alice.id)]
    assert "find-picture" not in editor.get("/editor/new").content.decode()


def test_media_being_away_stops_nobody_from_writing(editor, media, item):
    picture = uuid.uuid4()
    made = item("Vase", pictures=[picture])
    media.is_away = True
    page = editor.get(f"/editor/{made.pk}").content.decode()
    assert "be reached right now" in page
    assert f"place-{picture}" in page
    said = form(title="Vase two", version=made.version, save="1", **{f"place-{picture}": "1"})
    assert editor.post(f"/editor/{made.pk}", said).status_code == 302
    assert draft_of(Item.objects.get()).pictures == [picture]


def test_a_taken_address_gets_an_ending_instead_of_an_error(editor, media, item):
    item("Boat", slug="boat")
    editor.post("/editor/new", form(title="Another", slug="boat", save="1"))
    assert Item.objects.exclude(slug="boat").get().slug.startswith("boat-")


def test_in_a_large_tree_categories_are_looked_for(editor, media, category, monkeypatch):
    monkeypatch.setattr("apps.catalog.editor.ALL_CATEGORIES", 2)
    ships, _other = category("Things", "Ships"), category("People", "Adults")
    page = editor.post("/editor/new", form(title="T", find="1", **{"find-category": "shi"})).content.decode()
    assert f'value="{ships.pk}"' in page
    assert "Things / Ships" in page
    assert "Adults" not in page
    chosen = editor.post(
        "/editor/new", form(title="T", find="1", categories=[str(ships.pk)])
    ).content.decode()
    assert f'value="{ships.pk}" checked' in chosen


@pytest.mark.parametrize("value", ["x", "-1", "9" * 30, "٣", ""])
def test_a_category_that_is_no_number_is_passed_over(editor, media, value):
    assert editor.post("/editor/new", form(title="T", categories=[value], save="1")).status_code == 302


def test_the_list_of_items_goes_from_page_to_page_with_drafts(editor, item, monkeypatch):
    monkeypatch.setattr("apps.catalog.editor.PAGE", 3)
    for number in range(8):
        item(f"Boat {number}", published=number % 2 == 0)
    seen, address = [], "/editor/"
    for _step in range(5):
        text = editor.get(address).content.decode()
        seen += re.findall(r"<span>(Boat \d)", text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if not following:
            break
        address = "/editor/" + following[1].replace("&amp;", "&")
    assert seen == [f"Boat {number}" for number in reversed(range(8))]
    drafts = editor.get("/editor/?status=draft").content.decode()
    assert "Boat 7" in drafts
    assert "Boat 6" not in drafts
    assert "Boat 5" in editor.get("/editor/?q=boat 5").content.decode()
    assert editor.get("/editor/?after=rubbish~rubbish&status=rubbish&q=%00").status_code == 200


@searched
def test_an_item_is_found_by_any_word_of_it(editor, item):
    item("Sunflower at Noon", description="Oil on linen.")
    item("Noon")
    for query, found in (
        ("noon", ["Noon", "Sunflower at Noon"]),
        ("linen", ["Sunflower at Noon"]),
        ("moon", []),
    ):
        page = editor.get("/editor/", {"q": query}).content.decode()
        assert re.findall(r"<span>([^<]*Noon)", page) == found, query


@searched
def test_what_is_looked_for_is_looked_for_in_the_status_chosen(editor, item):
    item("Print of a bridge")
    item("Print of a boat", published=False)
    item("A small Prínt", published=False)
    item("A blue vase", description="It is no print.")
    for status, found in (
        ("", ["A blue vase", "A small Prínt", "Print of a boat", "Print of a bridge"]),
        ("draft", ["A small Prínt", "Print of a boat"]),
        ("published", ["A blue vase", "Print of a bridge"]),
    ):
        page = editor.get("/editor/", {"q": "prints", "status": status}).content.decode()
        assert sorted(re.findall(r"<span>([^<]+)</span></a></td>", page)) == found, status


def test_a_search_and_a_status_keep_each_other(editor, item):
    item("Boat", published=False)
    page = editor.get("/editor/", {"q": "bóat & co", "status": "draft"}).content.decode()
    chips = dict(re.findall(r'class="chip" href="([^"]*)"( aria-current="true")?', page))
    looked_for = "q=b%C3%B3at%20%26%20co"
    assert chips == {
        f"?{looked_for}": "",
        f"?status=draft&amp;{looked_for}": ' aria-current="true"',
        f"?status=published&amp;{looked_for}": "",
    }
    assert '<input type="hidden" name="status" value="draft">' in page
    assert "drafts by those of their title" in page
    assert 'name="status"' not in editor.get("/editor/", {"q": "boat", "status": '"rubbish'}).content.decode()
    assert 'href="?" aria-current="true"' in editor.get("/editor/").content.decode()


def test_what_is_not_there_is_404(editor, media):
    nobody = uuid.uuid4()
    for address in (
        f"/editor/{nobody}",
        f"/editor/{nobody}/preview",
        f"/editor/{nobody}/delete",
        "/editor/categories/1",
    ):
        assert editor.get(address).status_code == 404, address
    assert editor.post(f"/editor/{nobody}/publish").status_code == 404


def test_every_form_needs_its_token(alice, item):
    made = item("Boat")
    strict = sign_in(Client(enforce_csrf_checks=True), alice)
    assert strict.post(f"/editor/{made.pk}", form(title="T", withdraw="1")).status_code == 403
    assert strict.post("/editor/new", form(title="T")).status_code == 403
