"""Loops: Truchet tiles whose bundled lines pass over and under each other."""

from random import Random

from PIL import Image

from monolith.demo.palettes import RGB, Palette
from monolith.demo.sheet import Sheet


def bundle(sheet: Sheet, x: float, y: float, start: int, side: float, inks: list[RGB]) -> None:
    """A quarter turn of parallel lines round a corner of a tile; paper between them hides what is below."""
    band = side * 0.84 / (len(inks) * 2 - 1)
    radius = side / 2 + band * (len(inks) - 0.5)
    stripes = [(radius + band * 0.6, sheet.paper)]
    for ink in inks:
        stripes += [(radius, ink), (radius - band, sheet.paper)]
        radius -= band * 2
    for reach, colour in stripes:
        sheet.slice(x, y, round(reach), start, start + 90, colour)


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    side, places = sheet.tiles(rng.choice((4, 5, 6)))
    outer, inner = rng.sample(palette.colours[:4], 2)
    inks = [outer, inner, palette.colours[-1], inner, outer]
    for x, y in places:
        corners = [(x, y, 0), (x + side, y + side, 180)]
        if rng.random() < 0.5:
            corners = [(x + side, y, 90), (x, y + side, 270)]
        rng.shuffle(corners)
        for cx, cy, start in corners:
            bundle(sheet, cx, cy, start, side, inks)
    return sheet.finish(rng)
