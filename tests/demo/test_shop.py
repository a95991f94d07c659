"""The data of the demo shop: complete in both languages, and it hangs together."""

import re
from collections import Counter

import pytest

from apps.catalog.text import slug_of
from monolith.demo.prints import FAMILIES
from monolith.demo.shop import LONG_SIDE, Category, Print, Text, read_shop

SHOP = read_shop()


def names(things: list) -> list[str]:
    return [getattr(thing, "slug", getattr(thing, "path", "")) for thing in things]


@pytest.mark.parametrize(
    "thing", [*SHOP.categories, *SHOP.prints], ids=names([*SHOP.categories, *SHOP.prints])
)
def test_everything_is_said_in_both_languages(thing: Category | Print) -> None:
    assert thing.title.en.strip()
    assert thing.title.es.strip()
    if isinstance(thing, Print):
        assert len(thing.text.en) > 20
        assert len(thing.text.es) > 20
        assert thing.text.en != thing.text.es


def test_every_part_a_print_is_told_in_is_translated() -> None:
    def texts(one: Print) -> list[Text]:
        return [one.technique, one.paper]

    assert all(text.en and text.es and text.en != text.es for one in SHOP.prints for text in texts(one))
    assert SHOP.prints[0].description.es.endswith("300 g/m². 50 × 70 cm, edición de 120.")


def test_there_are_48_prints_of_every_family_and_no_two_alike() -> None:
    assert len(SHOP.prints) == 48
    assert {one.pictures[0].family for one in SHOP.prints} == set(FAMILIES)
    for key in ("slug", "title", "text"):
        assert not [
            what for what, times in Counter(getattr(one, key) for one in SHOP.prints).items() if times > 1
        ]
    pictures = [picture for one in SHOP.prints for picture in one.pictures]
    assert len({picture.name for picture in pictures}) == len(pictures)
    assert len({picture.title for picture in pictures}) == len(pictures)


def test_categories_form_a_tree_and_none_is_empty() -> None:
    paths = [category.path for category in SHOP.categories]
    assert len(set(paths)) == len(paths)
    for number, (path, category) in enumerate(zip(paths, SHOP.categories, strict=True)):
        assert path.rpartition("/")[2] == slug_of(category.title.en), "its address in the catalogue"
        assert re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)*", path)
        assert "/" not in path or path.rpartition("/")[0] in paths[:number], "parents come first"
    used = {path for one in SHOP.prints for path in one.categories}
    assert used <= set(paths)
    assert not [
        path for path in paths if not any(place == path or place.startswith(f"{path}/") for place in used)
    ]
    assert max(path.count("/") for path in paths) == 2


@pytest.mark.parametrize("long_side", [LONG_SIDE, 700])
def test_every_picture_is_described_and_has_the_shape_of_its_sheet(long_side: int) -> None:
    for one in read_shop(long_side).prints:
        width, height = one.cm
        assert one.pictures[0].view == ""
        for picture in one.pictures:
            assert len(picture.alt) > 20
            assert max(picture.size) == long_side
            assert picture.size[0] / picture.size[1] == pytest.approx(width / height, rel=0.01)


def test_what_is_sold_can_be_bought() -> None:
    for one in SHOP.prints:
        assert 20 <= one.price <= 500
        assert one.edition > 0
        assert ("collections/small-editions" in one.categories) == (one.edition <= 40), one.slug


def test_a_picture_draws_its_print() -> None:
    picture = SHOP.prints[0].pictures[-1]
    assert picture.view == "wall"
    assert picture.draw().size == (1600, 1600)


def test_the_spanish_texts_are_spanish() -> None:
    """A sentence without a single one of these words was pasted from the English."""
    spanish = re.compile(r"\b(el|la|los|las|un|una|unos|unas|de|en|y|o|que|con|se|su)\b", re.IGNORECASE)
    for one in SHOP.prints:
        assert spanish.search(one.text.es), one.slug
