"""The prints: each family draws, at any size, always the same from the same seed, and not just one colour."""

from random import Random

import pytest

from monolith.demo.palettes import PALETTES, mix
from monolith.demo.prints import FAMILIES
from monolith.demo.views import VIEWS

pytestmark = pytest.mark.slow

SMALL = [(60, 80), (80, 60), (64, 64), (120, 40)]


@pytest.mark.parametrize("size", SMALL, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_at_small_sizes(family: str, size: tuple[int, int]) -> None:
    print_ = FAMILIES[family](Random("small"), size, PALETTES["lagoon"])
    assert (print_.mode, print_.size) == ("RGB", size)
    colours = print_.getcolors(maxcolors=size[0] * size[1])
    assert colours is None or len(colours) > 50, "a picture, not an empty sheet"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_draws_the_same_pixels_and_another_seed_others(family: str) -> None:
    def draw(seed: str) -> bytes:
        return FAMILIES[family](Random(seed), (90, 120), PALETTES["atlantic"]).tobytes()

    assert draw("one") == draw("one")
    assert draw("one") != draw("two")


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_prints_in_every_palette_and_leaves_the_margin_bare(family: str, palette: str) -> None:
    print_ = FAMILIES[family](Random("margin"), (60, 80), PALETTES[palette])
    corner = print_.getpixel((1, 1))
    assert isinstance(corner, tuple)
    paper = PALETTES[palette].paper
    assert max(abs(a - b) for a, b in zip(corner, paper, strict=True)) <= 12, (
        "paper with no more than its grain"
    )


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_the_print_it_was_given(view: str) -> None:
    one, two = (
        VIEWS[view](FAMILIES["arches"](Random(seed), (150, 200), PALETTES["adobe"]), PALETTES["adobe"])
        for seed in ("one", "two")
    )
    assert one.size == two.size
    assert one.tobytes() != two.tobytes()


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    assert mix((0, 0, 0), (200, 100, 50), 0) == (0, 0, 0)
    assert mix((0, 0, 0), (200, 100, 50), 1) == (200, 100, 50)
    assert mix((0, 0, 0), (200, 100, 50), 0.5) == (100, 50, 25)
    palette = PALETTES["slate"]
    assert palette.ramp(-1) == palette.colours[0]
    assert palette.ramp(2) == palette.colours[-1]
