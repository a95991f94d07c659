"""Partition: a rectangle divided again and again, in flat colours with a line of paper between."""

from random import Random

from PIL import Image

from monolith.demo.palettes import Palette
from monolith.demo.sheet import Sheet

Box = tuple[float, float, float, float]


def divide(rng: Random, box: Box, least: float, depth: int) -> list[Box]:
    """Cuts the longer side at a third, a half or two thirds until the parts are small or luck says stop."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if max(width, height) < least * 2 or depth <= 0 or (depth < 4 and rng.random() < 0.22):
        return [box]
    share = rng.choice((1 / 3, 0.382, 0.5, 0.618, 2 / 3))
    if width * rng.uniform(0.7, 1.4) > height:
        cut = left + width * share
        parts: tuple[Box, Box] = ((left, top, cut, bottom), (cut, top, right, bottom))
    else:
        cut = top + height * share
        parts = ((left, top, right, cut), (left, cut, right, bottom))
    return [small for part in parts for small in divide(rng, part, least, depth - 1)]


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    gap, line = 4 * sheet.unit, max(1, round(3 * sheet.unit))
    quiet = palette.ramp(0.8)
    for left, top, right, bottom in divide(
        rng, (sheet.left, sheet.top, sheet.right, sheet.bottom), 60 * sheet.unit, 7
    ):
        box = (left + gap, top + gap, right - gap, bottom - gap)
        style, colour = rng.random(), rng.choice(palette.colours)
        if style < 0.12:
            sheet.pen.rectangle(box, outline=palette.ink, width=line)
        elif style < 0.26:
            sheet.pen.rectangle(box, fill=quiet)
            hatch(sheet, box, palette, line)
        else:
            sheet.pen.rectangle(box, fill=quiet if style < 0.4 else colour)
            if style > 0.82:
                eclipse(rng, sheet, box, rng.choice([c for c in palette.colours if c != colour]))
    return sheet.finish(rng)


def hatch(sheet: Sheet, box: Box, palette: Palette, line: int) -> None:
    """Level lines across a part."""
    y = box[1] + line * 3
    while y < box[3] - line:
        sheet.pen.line((box[0], y, box[2], y), fill=palette.ink, width=line)
        y += line * 4


def eclipse(rng: Random, sheet: Sheet, box: Box, colour: tuple[int, ...]) -> None:
    """A disc or a half disc that stands in a part."""
    left, top, right, bottom = box
    radius = min(right - left, bottom - top) * 0.5
    x, y = (left + right) / 2, (top + bottom) / 2
    if rng.random() < 0.5:
        sheet.disc(x, y, radius * 0.72, colour)
    else:
        sheet.slice(x, bottom, radius, 180, 360, colour)
