"""Arches: quarter circles, arches and discs on a grid, in the manner of a 1920s workshop."""

from random import Random

from PIL import Image

from monolith.demo.palettes import RGB, Palette
from monolith.demo.sheet import Sheet


def quarter(sheet: Sheet, x: float, y: float, side: float, corner: int, rings: list[RGB]) -> None:
    """Nested quarter discs round one corner of a tile (0 is the upper left, then clockwise)."""
    cx, cy = x + side * (corner in (1, 2)), y + side * (corner in (2, 3))
    for n, colour in enumerate(rings):
        sheet.slice(cx, cy, side * (1 - n / len(rings)), corner * 90, corner * 90 + 90, colour)


def tile(rng: Random, sheet: Sheet, x: float, y: float, side: float, palette: Palette) -> None:
    ground, one, two = rng.sample(palette.colours, 3)
    if rng.random() < 0.35:
        ground = palette.paper
    half, kind = side / 2, rng.random()
    sheet.pen.rectangle((x, y, x + side, y + side), fill=ground)
    if kind < 0.5:
        quarter(sheet, x, y, side, rng.randrange(4), [one, two, ground][: rng.choice((1, 2, 3))])
    elif kind < 0.7:
        sheet.slice(x + half, y, half, 0, 180, one)
        sheet.slice(x + half, y + side, half, 180, 360, two)
    elif kind < 0.85:
        sheet.disc(x + half, y + half, side * 0.36, one)
        sheet.disc(x + half, y + half, side * 0.16, two)
    else:
        sheet.pen.polygon([(x, y), (x + side, y), (x, y + side)], fill=one)


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    side, places = sheet.tiles(rng.choice((4, 5, 6)))
    for x, y in places:
        tile(rng, sheet, x, y, side, palette)
    sheet.trim()
    return sheet.finish(rng)
