"""Before a picture is deleted its owner sees where the catalogue shows it; afterwards it shows it no longer."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.conf import settings

from apps.catalog.contract import PictureUse, PictureUses
from monolith.wiring import bind_all
from seam.binding import bind
from seam.registry import registry
from tests.media.drawn import picture
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")


class Catalogue:
    """Keeps the promise of the catalogue, as far as a picture asks for it. `answer` None: it is away."""

    def __init__(self) -> None:
        self.answer: PictureUses | None = PictureUses(uses=[])
        self.asked = []

    def list_uses_of_picture(self, *, asset_id, limit=20):
        self.asked.append((asset_id, limit))
        if self.answer is None:
            raise ConnectionError("the catalogue is away")
        return self.answer


@pytest.fixture
def catalogue():
    """Whom `use(Catalog)` asks during the test."""
    kept = Catalogue()
    bind(registry.contracts["catalog"], kept)
    yield kept
    bind_all(settings.BINDING)


@pytest.fixture
def page(client, known):
    """The page on which somebody deletes a picture."""

    def page(person):
        asset = known(person.id, "Lake")
        return asset, sign_in(client, person).get(f"/pictures/{asset.pk}/delete").content.decode()

    return page


@pytest.fixture
def own_page(client, known):
    """The page of a picture."""

    def page(person):
        asset = known(person.id, "Lake")
        return sign_in(client, person).get(f"/pictures/{asset.pk}").content.decode()

    return page


def a_use(title, *, place=1, url=""):
    return PictureUse(item_id=ITEM, title=title, place=place, url=url, edit_url=f"/editor/{ITEM}")


ITEM = "6f0c2c1e-54a7-4bb5-9a5c-0c5a1f1f5b6e"


def test_each_item_is_named_with_a_link(page, catalogue, alice):
    published, draft = a_use("Blue <boat>", place=2, url="/items/blue-boat"), a_use("Secret")
    catalogue.answer = PictureUses(uses=[published, draft], more=True)
    asset, shown = page(alice)
    assert catalogue.asked == [(asset.pk, 20)]
    assert "Used here" in shown
    assert '<a href="/items/blue-boat">Blue &lt;boat&gt;</a>' in shown
    assert 'Secret <span class="badge">Draft</span> <span class="badge badge--accent">Cover</span>' in shown
    assert shown.count(f'href="/editor/{ITEM}"') == 2
    assert "and others" in shown


def test_it_stands_on_the_pictures_own_page_too(own_page, catalogue, alice, bob):
    catalogue.answer = PictureUses(uses=[a_use("Boat", url="/items/boat")])
    shown = own_page(alice)
    assert '<a href="/items/boat">Boat</a>' in shown
    assert "no longer" not in shown
    catalogue.answer = None
    shown = own_page(bob)
    assert "can’t be told at the moment." in shown
    assert "no longer" not in shown


def test_who_may_not_edit_gets_no_link_to_the_editor(page, catalogue, bob):
    catalogue.answer = PictureUses(uses=[a_use("Boat", url="/items/boat")])
    shown = page(bob)[1]
    assert 'href="/items/boat"' in shown
    assert f"/editor/{ITEM}" not in shown


def test_one_that_is_used_nowhere(page, catalogue, alice):
    assert "The catalogue doesn’t use it." in page(alice)[1]


def test_while_the_catalogue_is_away_it_says_so_and_deletes_all_the_same(page, catalogue, alice, client):
    catalogue.answer = None
    asset, shown = page(alice)
    assert "can’t be told at the moment" in shown
    assert "Used here" not in shown
    assert client.post(f"/pictures/{asset.pk}/delete").status_code == 302
    assert client.get(f"/pictures/{asset.pk}").status_code == 404


@pytest.mark.slow
def test_the_catalogue_hears_of_it(client, alice, upload, work, settle):
    from apps.catalog import service
    from apps.catalog.drafts import Draft
    from apps.catalog.models import Item

    lake, hill = upload(alice.id, name="lake.png"), upload(alice.id, picture(seed=2), name="hill.png")
    work()
    draft = Draft(title="Boat", price=Decimal(1), currency="EUR", pictures=[lake.pk, hill.pk])
    made = service.create_item(draft, published=True)
    settle()
    signed_in = sign_in(client, alice)
    assert '<a href="/items/boat">Boat</a>' in signed_in.get(f"/pictures/{lake.pk}/delete").content.decode()
    signed_in.post(f"/pictures/{lake.pk}/delete")
    settle()
    assert len(Item.objects.get(pk=made.pk).gallery) == 1
    assert service.list_uses_of_picture(asset_id=lake.pk).uses == []
    assert [use.place for use in service.list_uses_of_picture(asset_id=hill.pk).uses] == [1]
