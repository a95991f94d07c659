"""What an item's page shows of the item is rendered once for each version of it, in each language."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.catalog import held, parts, service
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Attribute
from seam import atomic

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def nothing_is_trusted(monkeypatch):
    monkeypatch.setattr(held, "TRUST", 0.0)


@pytest.fixture
def made(monkeypatch):
    """The titles of which something was rendered."""
    titles = []
    render = parts.made

    def note(own, *arguments, **how):
        titles.append(own["title"])
        return render(own, *arguments, **how)

    monkeypatch.setattr(parts, "made", note)
    return titles


def page(client: Client, address: str = "/items/boat") -> str:
    return client.get(address).content.decode()


def test_a_page_made_anew_because_of_others_renders_nothing_of_the_item_again(client, item, category, made):
    sea = category("Sea")
    item("Boat", description="It floats.", categories=[sea])
    before = page(client)
    item("Ship", categories=[sea])
    after = page(client, "/items/boat?utm_source=letter")
    assert "/items/ship" in after
    assert "/items/ship" not in before
    assert "It floats." in after
    assert made == ["Boat"]


def test_what_changed_is_shown(client, item, made):
    boat = item("Boat", Colour="Blue")
    assert "Blue" in page(client)
    service.change_item(boat.pk, Draft(title="Boat", facts=[Fact(name="Colour", value="Red")]))
    assert "Blue" not in page(client)
    assert "Red" in page(client)
    colour = Attribute.objects.get(key="colour")
    colour.label = "Paint"
    with atomic("catalog"):
        service.change_attribute(colour)
    assert "Paint" in page(client)
    assert made == ["Boat"] * 3


def test_each_language_has_its_own(client, item, made):
    item("Boat", translations={"es": {"title": "Barco"}})
    assert "<h1>Boat</h1>" in page(client)
    spanish = client.get("/items/boat", headers={"accept-language": "es"})
    assert "<h1>Barco</h1>" in spanish.content.decode()
    assert made == ["Boat", "Boat"]
