"""Favourites: one's own, on pages that are the same for everybody, without JavaScript, gone with the account."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from apps.auth.contract import UserDeleted
from apps.catalog import favourites, handlers, held, service
from apps.catalog.contract import Catalog, InvalidQuery, ItemNotFound, TooManyFavourites
from apps.catalog.drafts import Draft
from apps.catalog.models import Favourite
from seam import atomic, use
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
API = "/api/v1/catalog/favourites/"


@pytest.fixture
def member(bob):
    return sign_in(Client(), bob)


def kept_by(person) -> set[str]:
    return set(Favourite.objects.filter(person_id=person.id).values_list("item__title", flat=True))


def test_a_heart_is_a_link_on_a_page_that_is_held_for_everybody(client, item):
    made = item("Boat")
    for address in ("/", "/browse", "/items/boat"):
        client.get(address)
        assert f'href="/favourites/{made.pk}"' in client.get(address).content.decode()
        assert not client.get(address).cookies
    answer = client.get(f"/favourites/{made.pk}")
    assert answer.status_code == 302
    assert f"next=%2Ffavourites%2F{made.pk}" in answer.headers["Location"]


def test_a_link_asks_and_only_the_form_it_leads_to_changes_anything(member, bob, item):
    made = item("Boat")
    assert "Keep “Boat” among" in member.get(f"/favourites/{made.pk}").content.decode()
    assert kept_by(bob) == set()
    said = member.post(f"/favourites/{made.pk}", {"keep": "1"}, follow=True)
    assert said.redirect_chain == [("/items/boat", 302)]
    assert '“Boat” is among <a href="/favourites/">' in said.content.decode()
    assert kept_by(bob) == {"Boat"}
    assert "Take it out" in member.get(f"/favourites/{made.pk}").content.decode()
    member.post(f"/favourites/{made.pk}", {"keep": "0"})
    assert kept_by(bob) == set()
    assert sign_in(Client(enforce_csrf_checks=True), bob).post(f"/favourites/{made.pk}").status_code == 403


def test_a_title_in_the_message_stays_text(member, item):
    made = item("<b>Boat</b>")
    said = member.post(f"/favourites/{made.pk}", {"keep": "1"}, follow=True).content.decode()
    assert "&lt;b&gt;Boat&lt;/b&gt;” is among" in said


def test_a_script_asks_once_for_all_hearts_of_a_page(member, bob, item):
    boat, other = item("Boat"), item("Ship")
    favourites.add(bob.id, boat.pk)
    answer = member.get(f"/menu?items={boat.pk},{other.pk},rubbish")
    assert answer.json()["favourites"] == [str(boat.pk)]
    assert "no-store" in answer.headers["Cache-Control"]
    strict = sign_in(Client(enforce_csrf_checks=True), bob)
    token = strict.get(f"/menu?items={boat.pk}").json()["token"]
    headers = {"X-CSRFToken": token, "X-Within-Page": "1"}
    for keep, left in (("0", set()), ("1", {"Boat"}), ("1", {"Boat"})):
        assert strict.post(f"/favourites/{boat.pk}", {"keep": keep}, headers=headers).status_code == 204
        assert kept_by(bob) == left


def test_the_menu_tells_nobody_elses_favourites(client, charlie, bob, item):
    boat = item("Boat")
    favourites.add(bob.id, boat.pk)
    assert sign_in(Client(), charlie).get(f"/menu?items={boat.pk}").json()["favourites"] == []
    assert "favourites" not in client.get(f"/menu?items={boat.pk}").content.decode()
    assert b"Boat" not in sign_in(Client(), charlie).get("/favourites/").content


def test_ones_favourites_newest_first_page_by_page(member, bob, item, monkeypatch, queries):
    monkeypatch.setattr("apps.catalog.favourite_views.PAGE", 2)
    assert "No favourites yet" in member.get("/favourites/").content.decode()
    made = [item(f"Boat {number}") for number in range(5)]
    for one in made:
        favourites.add(bob.id, one.pk)
    service.withdraw_item(made[3].pk)
    seen, address = [], "/favourites/"
    for _step in range(5):
        page = member.get(address).content.decode()
        seen += re.findall(r'<a href="/items/[^"]+">(Boat \d)', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        address = "/favourites/" + following[1].replace("&amp;", "&")
    assert seen == ["Boat 4", "Boat 2", "Boat 1", "Boat 0"]
    service.publish_item(made[3].pk)
    assert "Boat 3" in member.get("/favourites/").content.decode()
    assert member.get("/favourites/?after=rubbish").status_code == 302


def test_what_is_withdrawn_or_too_much_is_refused_with_a_sentence(member, bob, item, monkeypatch):
    draft, boat = item("Draft", published=False), item("Boat")
    assert member.get(f"/favourites/{draft.pk}").status_code == 404
    assert member.post(f"/favourites/{uuid.uuid4()}", {"keep": "1"}).status_code == 404
    with pytest.raises(ItemNotFound):
        favourites.add(bob.id, draft.pk)
    monkeypatch.setattr("apps.catalog.favourites.MOST", 0)
    with pytest.raises(TooManyFavourites):
        favourites.add(bob.id, boat.pk)
    said = member.post(f"/favourites/{boat.pk}", {"keep": "1"}, follow=True).content.decode()
    assert "as many as there can be" in said
    within = member.post(f"/favourites/{boat.pk}", {"keep": "1"}, headers={"X-Within-Page": "1"})
    assert within.status_code == 409


def test_they_are_forgotten_with_the_account_and_with_the_item(bob, charlie, item):
    boat, ship = item("Boat"), item("Ship")
    for person in (bob, charlie):
        favourites.add(person.id, boat.pk)
        favourites.add(person.id, ship.pk)
    with atomic("catalog"):
        handlers.on_user_deleted(UserDeleted(user_id=bob.id), None)
    assert (kept_by(bob), kept_by(charlie)) == (set(), {"Boat", "Ship"})
    assert UserDeleted in [job.hears for job in handlers.SUBSCRIPTIONS]
    service.delete_item(boat.pk)
    assert kept_by(charlie) == {"Ship"}


@pytest.mark.usefixtures("binding")
def test_others_are_told_through_the_contract(bob, item):
    made = [item(f"Boat {number}") for number in range(3)]
    for one in made:
        favourites.add(bob.id, one.pk)
    service.change_item(made[2].pk, Draft(title="Secret", slug="secret"))
    service.withdraw_item(made[2].pk)
    first = use(Catalog).list_favourites(person_id=bob.id, limit=2)
    assert [(row.item_id, row.slug, row.title) for row in first.favourites] == [
        (made[2].pk, "", ""),
        (made[1].pk, "boat-1", "Boat 1"),
    ]
    rest = use(Catalog).list_favourites(person_id=bob.id, limit=2, after=first.next)
    assert ([row.title for row in rest.favourites], rest.next) == (["Boat 0"], None)
    for wrong in ({"limit": 0}, {"limit": 101}, {"after": "x"}):
        with pytest.raises(InvalidQuery):
            use(Catalog).list_favourites(person_id=bob.id, **wrong)


def test_programs_keep_them_too(client, member, item):
    boat = item("Boat")
    held.forget()
    assert client.get(API).status_code == 401
    assert client.put(f"{API}{boat.pk}/").status_code == 401
    for _twice in range(2):
        assert member.put(f"{API}{boat.pk}/").status_code == 204
    assert [row["title"] for row in member.get(API).json()["items"]] == ["Boat"]
    assert member.put(f"{API}{uuid.uuid4()}/").status_code == 404
    assert member.delete(f"{API}{boat.pk}/").status_code == 204
    assert member.get(API).json()["items"] == []
    assert member.get(f"{API}?after=x").status_code == 400
