"""The editor's pages: nothing typed is lost, nobody overwrites unseen, editors only, without JavaScript."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal

import pytest
from django.test import Client

from apps.catalog import service
from apps.catalog.drafts import Draft, draft_of
from apps.catalog.models import Item
from apps.media.contract import AssetPage, Media
from seam.binding import use
from tests.catalog.conftest import asset
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

        def list_assets(self, *, owner_id, limit=60, after=None):
            if self.is_away:
                raise ConnectionError("media is away")
            return AssetPage(assets=[a for a in self.assets if a.owner_id == owner_id])

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


ADDRESSES = ["/editor/", "/editor/new", "/editor/pictures", "/editor/categories"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_editors_only(client, bob, editor, media, address):
    assert client.get(address).status_code == 302
    assert "/accounts/login/" in client.get(address).headers["Location"]
    assert sign_in(Client(), bob).get(address).status_code == 403
    assert editor.get(address).status_code == 200


def test_members_can_do_nothing_by_hand_either(bob, item):
    made = item("Boat")
    member = sign_in(Client(), bob)
    for verb in ("publish", "withdraw", "delete"):
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

    editor.post(f"/editor/{made.pk}/withdraw")
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


def test_the_second_editor_sees_both_texts_and_decides(editor, media, item):
    made = item("Boat")
    page = editor.get(f"/editor/{made.pk}").content.decode()
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    service.change_item(made.pk, Draft(title="Theirs", description="They wrote this"))
    response = editor.post(f"/editor/{made.pk}", form(title="Mine", version=version, save="1"))
    text = response.content.decode()
    assert response.status_code == 409
    assert 'value="Mine"' in text
    assert "Theirs" in text
    assert "They wrote this" in text
    assert Item.objects.get().title == "Theirs"
    again = re.search(r'name="version" value="(\d+)"', text)[1]
    assert editor.post(f"/editor/{made.pk}", form(title="Mine", version=again, save="1")).status_code == 302
    assert Item.objects.get().title == "Mine"


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


def test_pictures_of_somebody_else_that_are_there_already_stay(editor, media, item):
    theirs = uuid.uuid4()
    made = item("Vase", pictures=[theirs])
    version = Item.objects.get().version
    editor.post(
        f"/editor/{made.pk}", form(title="Vase", version=version, save="1", **{f"place-{theirs}": "1"})
    )
    assert draft_of(Item.objects.get()).pictures == [theirs]


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


def test_what_is_not_there_is_404(editor, media):
    nobody = uuid.uuid4()
    for address in (
        f"/editor/{nobody}",
        f"/editor/{nobody}/preview",
        f"/editor/{nobody}/delete",
        "/editor/categories/1",
    ):
        assert editor.get(address).status_code == 404, address
    for verb in ("publish", "withdraw"):
        assert editor.post(f"/editor/{nobody}/{verb}").status_code == 404


def test_every_form_needs_its_token(alice, item):
    made = item("Boat")
    strict = sign_in(Client(enforce_csrf_checks=True), alice)
    assert strict.post(f"/editor/{made.pk}/withdraw").status_code == 403
    assert strict.post("/editor/new", form(title="T")).status_code == 403
