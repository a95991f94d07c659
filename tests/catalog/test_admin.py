"""The catalogue in the admin: items to look at, attributes and how they are shown."""

from __future__ import annotations

import re

import pytest

from apps.catalog.models import Attribute
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")

ENGLISH = r">\s*(By )?(title|slug|subtitle|(is )?published( at)?|changed at|owner id|key|position):?\s*<"


@pytest.fixture
def staff(client, dora):
    return sign_in(client, dora)


def shown(staff, address, language):
    answer = staff.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_items_and_attributes_are_looked_at_in_the_language_of_who_looks(staff, item):
    boat = item(title="Boat", artist="Turner")
    artist = Attribute.objects.get(key="artist")
    addresses = [
        "/admin/catalog/item/",
        f"/admin/catalog/item/{boat.pk}/change/",
        "/admin/catalog/attribute/",
        f"/admin/catalog/attribute/{artist.pk}/change/",
    ]
    for address in addresses:
        assert re.search(ENGLISH, shown(staff, address, "en"), re.IGNORECASE), address
        assert not re.search(ENGLISH, shown(staff, address, "es"), re.IGNORECASE), address


def test_an_attribute_can_be_taken_from_the_filters(staff, item):
    item(title="Boat", artist="Turner")
    artist = Attribute.objects.get(key="artist")
    answer = staff.post(
        f"/admin/catalog/attribute/{artist.pk}/change/", {"is_browsable": "on", "position": 3}
    )
    assert answer.status_code == 302
    artist.refresh_from_db()
    assert (artist.is_facet, artist.is_browsable, artist.position) == (False, True, 3)


def test_an_item_is_changed_in_the_editor_only(staff, item):
    boat = item(title="Boat")
    assert staff.post(f"/admin/catalog/item/{boat.pk}/change/", {"title": "Ship"}).status_code == 403
    assert staff.post("/admin/catalog/item/add/", {"title": "Ship"}).status_code == 403
    assert staff.post(f"/admin/catalog/item/{boat.pk}/delete/", {"post": "yes"}).status_code == 403
