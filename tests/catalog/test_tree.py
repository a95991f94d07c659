"""The tree edited by hand: renamed, moved, taken away; old addresses lead on, nothing gets lost, no circles."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from apps.catalog import branches, held, service
from apps.catalog.categories import current
from apps.catalog.contract import CategoryChangedMeanwhile, CategoryNotFound, InvalidCategory
from apps.catalog.drafts import draft_of
from apps.catalog.models import Category, FormerPath, Item, Listing, ListingWord, SearchDocument
from tests.catalog.test_service import assert_all_kept_is_right
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def editor(alice):
    return sign_in(Client(), alice)


def paths() -> list[str]:
    return sorted(Category.objects.values_list("path", flat=True))


def moved(client: Client, which: Category, where: str) -> str:
    """What the tree says after that move."""
    answer = client.post("/editor/categories/move", {"move": f"{which.pk}:{where}"}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_moved_category_takes_its_items_and_all_below_along(item, category, settle):
    child, _other = category("A", "B", "C"), category("X")
    made = item("Boat", categories=[child])
    service.move_category(category("A", "B").pk, parent_id=category("X").pk)
    assert paths() == ["a", "x", "x/b", "x/b/c"]
    settle()
    assert_all_kept_is_right()
    items = dict(Category.objects.values_list("path", "listing__items"))
    assert items == {"a": 0, "x": 1, "x/b": 1, "x/b/c": 1}
    assert " xxx " in SearchDocument.objects.get(item=made.pk).words


def test_addresses_a_category_had_lead_to_it_however_often_it_moves(client, item, category):
    child = category("A", "B")
    item("Boat", categories=[child])
    service.change_category(category("A").pk, title="A", translations={}, slug="first")
    service.change_category(category("First").pk, title="A", translations={}, slug="second")
    service.move_category(child.pk, parent_id=None)
    for former in ("a/b", "first/b", "second/b"):
        held.forget()
        answer = client.get(f"/categories/{former}?order=price")
        assert (answer.status_code, answer.headers["Location"]) == (301, "/categories/b?order=price")
    assert client.get("/categories/?in=a").headers["Location"] == "/categories/second"
    assert current("b") is None
    assert client.get("/categories/nowhere").status_code == 404


def test_an_address_that_another_category_takes_is_that_ones(category):
    old = category("Boats")
    service.change_category(old.pk, title="Ships", translations={}, slug="ships")
    assert current("boats") == "ships"
    taken, _made = service.create_category("Boats")
    assert current("boats") is None
    service.change_category(taken.pk, title="Boats", translations={}, slug="barks")
    assert current("boats") == "barks"
    service.change_category(old.pk, title="Ships", translations={}, slug="boats")
    assert current("boats") is None
    assert current("ships") == "boats"


def test_an_import_finds_a_category_where_it_was(category):
    moved = category("A", "B")
    service.move_category(moved.pk, parent_id=category("X").pk)
    assert category("A", "B").pk == moved.pk
    assert category("A", "B", "C").path == "x/b/c"
    assert category("A", "B", "C").pk == category("X", "B", "C").pk


def test_circles_taken_addresses_and_too_deep_trees_are_refused(category):
    top, below = category("A"), category("A", "B", "C")
    for parent in (top, below):
        with pytest.raises(InvalidCategory, match="inside of itself"):
            service.move_category(top.pk, parent_id=parent.pk)
    category("X", "B")
    with pytest.raises(InvalidCategory, match="/categories/x/b already"):
        service.move_category(category("A", "B").pk, parent_id=category("X").pk)
    with pytest.raises(InvalidCategory, match="already"):
        service.change_category(top.pk, title="A", translations={}, slug="x")
    deep = category(*"123456789")
    with pytest.raises(InvalidCategory, match="10 levels"):
        service.move_category(top.pk, parent_id=deep.pk)
    with pytest.raises(CategoryNotFound):
        service.move_category(top.pk, parent_id=7)
    assert not FormerPath.objects.exists()


def test_two_who_move_two_categories_into_each_other_make_no_circle(category):
    one, two = category("One"), category("Two")
    service.move_category(one.pk, parent_id=two.pk)
    with pytest.raises(InvalidCategory):
        service.move_category(two.pk, parent_id=one.pk)
    assert paths() == ["two", "two/one"]


def test_neighbours_stand_in_the_order_they_are_given(editor, category):
    for name in ("A", "B", "C"):
        category(name)
    said = moved(editor, category("C"), "up")
    assert "“C” is now 2 of 3 at the top." in said
    assert [row.title for row in branches.siblings(None)] == ["A", "C", "B"]
    moved(editor, category("A"), "down")
    assert [row.title for row in branches.siblings(None)] == ["C", "A", "B"]
    moved(editor, category("B"), f"before:{category('C').pk}")
    assert [row.title for row in branches.siblings(None)] == ["B", "C", "A"]
    assert "any further" in moved(editor, category("B"), "up")
    assert service.create_category("0 new")[0].position > category("A").position


def test_in_out_and_beside_others(editor, category):
    for name in ("A", "B", "C"):
        category(name)
    moved(editor, category("B"), "in")
    moved(editor, category("C"), f"inside:{category('A').pk}")
    assert [row.path for row in branches.siblings(category("A").pk)] == ["a/b", "a/c"]
    assert "now 2 of 2 at the top" in moved(editor, category("A", "B"), "out")
    assert "now 1 of 2 in “A”" in moved(editor, category("B"), f"before:{category('A', 'C').pk}")
    assert "inside of itself" in moved(editor, category("A"), f"after:{category('A', 'C').pk}")
    assert paths() == ["a", "a/b", "a/c"]


@pytest.mark.parametrize("where", ["", "up", "sideways", "before", "before:x", "before:7", "inside:7", "in"])
def test_a_move_that_makes_no_sense_changes_nothing(editor, category, where):
    own = category("A")
    assert editor.post("/editor/categories/move", {"move": f"{own.pk}:{where}"}).status_code in (302, 404)
    assert editor.post("/editor/categories/move", {"move": where}).status_code == 404
    assert paths() == ["a"]


def test_what_is_in_a_deleted_category_goes_where_one_says(client, item, category, settle):
    old, kept = category("Old"), category("Kept")
    first = item("Boat", categories=[old], published=False)
    second = item("Ship", categories=[kept, old])
    item("Sail", categories=[category("Old", "Sails")])
    service.delete_category(old.pk, into_id=kept.pk)
    assert paths() == ["kept", "kept/sails"]
    settle()
    assert draft_of(Item.objects.get(pk=first.pk)).categories == [kept.pk]
    assert draft_of(Item.objects.get(pk=second.pk)).categories == [kept.pk]
    assert Item.objects.get(pk=first.pk).main_category_id == kept.pk
    assert Listing.objects.get(pk=kept.pk).items == 2
    assert_all_kept_is_right()
    assert client.get("/categories/old").headers["Location"] == "/categories/kept"
    assert client.get("/categories/old/sails").headers["Location"] == "/categories/kept/sails"


def test_items_are_never_left_without_a_place_by_deleting_theirs(editor, item, category):
    own = category("Boats")
    item(categories=[own], published=False)
    category("Boats", "Sails")
    page = editor.get(f"/editor/categories/{own.pk}/delete").content.decode()
    assert "1 item is placed in it" in page
    assert "1 category is right below it" in page
    said = editor.post(f"/editor/categories/{own.pk}/delete", {"into": ""}, follow=True).content.decode()
    assert "Choose the category they go to" in said
    for into in ("boats", "boats/sails", "nowhere"):
        editor.post(f"/editor/categories/{own.pk}/delete", {"into": into})
    assert paths() == ["boats", "boats/sails"]
    editor.post(f"/editor/categories/{category('Boats', 'Sails').pk}/delete", {"into": "boats"})
    assert paths() == ["boats"]


def test_categories_are_made_renamed_and_put_elsewhere_by_form(editor):
    editor.post("/editor/categories", {"title": "Things", "title_es": "Cosas"})
    editor.post("/editor/categories", {"title": "Boats", "parent": "things"})
    boats = Category.objects.get(path="things/boats")
    assert editor.post("/editor/categories", {"title": "X", "parent": "nowhere"}).status_code == 422
    assert editor.post("/editor/categories", {"title": ""}).status_code == 422
    page = editor.get(f"/editor/categories/{boats.pk}").content.decode()
    stamp = re.search(r'name="stamp" value="(\w+)"', page)[1]
    said = {"title": "Ships", "title_es": "Barcos", "parent": "", "slug": "ships", "stamp": stamp}
    assert editor.post(f"/editor/categories/{boats.pk}", said | {"slug": "Not A Slug"}).status_code == 422
    assert editor.post(f"/editor/categories/{boats.pk}", said | {"parent": "things/boats"}).status_code == 422
    assert editor.post(f"/editor/categories/{boats.pk}", said).status_code == 302
    boats.refresh_from_db()
    assert (boats.title, boats.path, boats.translations["es"]["title"]) == ("Ships", "ships", "Barcos")
    assert current("things/boats") == "ships"


def test_a_new_category_changes_none_that_is_there(editor, category):
    own = category("Things", "Landscapes")
    service.change_category(own.pk, title="Land & sky", translations={"es": {"title": "Paisajes"}})
    said = {"title": "landscapes", "title_es": "Pisado", "parent": "things"}
    answer = editor.post("/editor/categories", said)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'already: <a href="/editor/categories/{own.pk}">Land &amp; sky</a>.' in page
    for kept in ('value="landscapes"', 'value="Pisado"', '<option value="things" selected>'):
        assert kept in page
    own.refresh_from_db()
    assert (own.title, own.translations) == ("Land & sky", {"es": {"title": "Paisajes"}})


def test_a_new_category_is_found_by_its_name_in_every_language():
    made, is_new = service.create_category("Boats", translations={"es": {"title": "Barcos"}})
    assert is_new
    assert set(ListingWord.objects.filter(listing=made.pk).values_list("word", flat=True)) == {
        "boats",
        "barcos",
    }


def test_the_second_who_renames_sees_what_the_first_wrote(editor, category):
    own = category("Boats")
    stamp = branches.stamp(own)
    service.change_category(own.pk, title="Theirs", translations={})
    said = {"title": "Mine", "title_es": "", "slug": "boats", "parent": "", "stamp": stamp}
    answer = editor.post(f"/editor/categories/{own.pk}", said)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="Mine"' in page
    assert "Theirs" in page
    with pytest.raises(CategoryChangedMeanwhile):
        service.change_category(own.pk, title="Mine", translations={}, stamp=stamp)
    again = re.search(r'name="stamp" value="(\w+)"', page)[1]
    assert editor.post(f"/editor/categories/{own.pk}", said | {"stamp": again}).status_code == 302
    assert Category.objects.get().title == "Mine"


def test_who_renames_undoes_no_move_of_somebody_else(editor, category):
    own = category("Cities", "Mover")
    category("Abstract")
    said = {"title": "Mine", "title_es": "", "slug": "mover", "parent": "cities"}
    said["stamp"] = branches.stamp(own)
    service.move_category(own.pk, parent_id=category("Abstract").pk)
    answer = editor.post(f"/editor/categories/{own.pk}", said)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "<dt>Inside of, as saved by them</dt><dd>Abstract</dd>" in page
    assert paths() == ["abstract", "abstract/mover", "cities"]
    service.move_category(own.pk, parent_id=None)
    page = editor.post(f"/editor/categories/{own.pk}", said).content.decode()
    assert "<dt>Inside of, as saved by them</dt><dd>At the top</dd>" in page
    said["stamp"] = re.search(r'name="stamp" value="(\w+)"', page)[1]
    assert editor.post(f"/editor/categories/{own.pk}", said).status_code == 302
    assert paths() == ["abstract", "cities", "cities/mover"]


def test_a_form_finds_the_category_it_stands_in_by_the_address_that_had(editor, category):
    own = category("Cities", "Berlin")
    said = {"title": "", "title_es": "", "slug": "berlin", "parent": "cities", "stamp": branches.stamp(own)}
    service.change_category(category("Cities").pk, title="Cities", translations={}, slug="towns")
    page = editor.post(f"/editor/categories/{own.pk}", said).content.decode()
    assert '<option value="towns" selected>' in page
    assert editor.post(f"/editor/categories/{own.pk}", said | {"title": "Rome"}).status_code == 302
    assert paths() == ["towns", "towns/berlin"]


def test_a_large_tree_is_gone_through_level_by_level(editor, category, monkeypatch):
    monkeypatch.setattr("apps.catalog.tree_editor.WHOLE_TREE", 2)
    monkeypatch.setattr("apps.catalog.tree_editor.LEVEL", 2)
    for name in ("A", "B", "C"):
        category(name, "Below")
    seen, address = [], ""
    for _step in range(5):
        page = editor.get(f"/editor/categories{address}").content.decode()
        seen += re.findall(r'class="tree__title"[^>]*>([^<]+)<', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        address = following[1].replace("&amp;", "&")
    assert seen == ["A", "B", "C"]
    assert "Below" in editor.get("/editor/categories?in=a").content.decode()
    assert editor.get("/editor/categories?in=nowhere").status_code == 404
    assert "now 1 of 1 in “A”" in moved(editor, category("A", "Below"), f"inside:{category('A').pk}")


def test_members_move_nothing(bob, category):
    own = category("A")
    member = sign_in(Client(), bob)
    assert member.post("/editor/categories/move", {"move": f"{own.pk}:up"}).status_code == 403
    assert member.post(f"/editor/categories/{own.pk}/delete", {}).status_code == 403
