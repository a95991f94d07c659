"""Pebbles: circles packed until no room is left, some ringed, some halved."""

import math
from random import Random

from PIL import Image

from monolith.demo.palettes import RGB, Palette
from monolith.demo.sheet import Sheet

Circle = tuple[float, float, float]


def pack(rng: Random, sheet: Sheet, largest: float, tries: int) -> list[Circle]:
    """Circles as large as their place allows; a coarse grid finds the neighbours."""
    cell, gap, least = largest * 2, 4 * sheet.unit, 5 * sheet.unit
    grid: dict[tuple[int, int], list[Circle]] = {}
    circles = []
    for attempt in range(tries):
        x, y = rng.uniform(sheet.left, sheet.right), rng.uniform(sheet.top, sheet.bottom)
        cap = largest * (1 if attempt < 60 else 0.5 if attempt < 500 else 0.25)
        room = min(cap, x - sheet.left, sheet.right - x, y - sheet.top, sheet.bottom - y)
        column, row = int(x / cell), int(y / cell)
        for near in ((column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            for ox, oy, radius in grid.get(near, ()):
                room = min(room, math.hypot(ox - x, oy - y) - radius - gap)
            if room < least:
                break
        else:
            circles.append((x, y, room))
            grid.setdefault((column, row), []).append(circles[-1])
    return circles


def fill(rng: Random, sheet: Sheet, circle: Circle, colour: RGB, other: RGB) -> None:
    x, y, radius = circle
    sheet.disc(x, y, radius, colour)
    style = rng.random()
    if radius < 14 * sheet.unit or style < 0.35:
        return
    if style < 0.6:
        for share in (0.78, 0.56, 0.34):
            sheet.ring(x, y, radius * share, other, radius * 0.09)
    elif style < 0.8:
        start = rng.choice((0, 45, 90, 135, 180, 270))
        sheet.slice(x, y, radius, start, start + 180, other)
    else:
        sheet.disc(x, y, radius * 0.45, other)


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    lean = rng.uniform(0, math.tau)
    for circle in pack(rng, sheet, 95 * sheet.unit, 5000):
        x, y = circle[0] / sheet.width - 0.5, circle[1] / sheet.height - 0.5
        along = x * math.cos(lean) + y * math.sin(lean)
        colour = palette.ramp(0.5 + along * 0.9 + rng.gauss(0, 0.16))
        other = rng.choice([palette.paper, palette.ink, *palette.colours])
        fill(rng, sheet, circle, colour, other)
    return sheet.finish(rng)
