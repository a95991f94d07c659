"""Currents: ribbons that follow a field and never touch."""

import math
from random import Random

from PIL import Image, ImageDraw

from monolith.demo.palettes import Palette
from monolith.demo.sheet import Field, Point, Sheet, smooth_field

TAKEN_SCALE = 4  # the picture of what is taken is this much coarser


class Ribbons:
    """Lays ribbons on a sheet and remembers in a small picture where there is one already."""

    def __init__(self, sheet: Sheet, field: Field, swirl: float) -> None:
        self.sheet, self.field, self.swirl = sheet, field, swirl
        self.taken = Image.new("L", (sheet.width // TAKEN_SCALE + 1, sheet.height // TAKEN_SCALE + 1))
        self.marker = ImageDraw.Draw(self.taken)

    def trace(self, x: float, y: float, half: float, steps: int) -> list[Point]:
        """The way of a ribbon from here until it would touch another or leave the print."""
        sheet, pace, points = self.sheet, 5 * self.sheet.unit, [(x, y)]
        for _ in range(steps):
            turn = self.field(x / sheet.width, y / sheet.width) * self.swirl
            dx, dy = math.cos(turn), math.sin(turn)
            x, y = x + dx * pace, y + dy * pace
            if not self.free(x, y, dx * half, dy * half):
                break
            points.append((x, y))
        return points

    def free(self, x: float, y: float, dx: float, dy: float) -> bool:
        sheet, half = self.sheet, abs(dx) + abs(dy)
        if not (sheet.left + half < x < sheet.right - half and sheet.top + half < y < sheet.bottom - half):
            return False
        spots = ((x, y), (x - dy, y + dx), (x + dy, y - dx), (x + dx, y + dy))
        return not any(self.taken.getpixel((int(a) // TAKEN_SCALE, int(b) // TAKEN_SCALE)) for a, b in spots)

    def take(self, points: list[Point], width: float) -> None:
        small = [(x / TAKEN_SCALE, y / TAKEN_SCALE) for x, y in points]
        self.marker.line(small, fill=255, width=round(width / TAKEN_SCALE) + 1)
        for x, y in (small[0], small[-1]):
            r = width / TAKEN_SCALE / 2
            self.marker.ellipse((x - r, y - r, x + r, y + r), fill=255)


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    field = smooth_field(rng, waves=3, rough=0.8)
    ribbons = Ribbons(sheet, field, swirl=rng.uniform(1.6, 2.6))
    gap = 3.5 * sheet.unit
    for units, tries in ((34, 90), (20, 300), (11, 900), (5, 2200)):
        width = units * sheet.unit
        for _ in range(tries):
            x, y = rng.uniform(sheet.left, sheet.right), rng.uniform(sheet.top, sheet.bottom)
            if not ribbons.free(x, y, width / 2 + gap, 0):
                continue
            points = ribbons.trace(x, y, width / 2 + gap, rng.randrange(30, 130))
            if len(points) < 8:
                continue
            tint = (field(x / sheet.width, y / sheet.width) + 1) / 2 + rng.gauss(0, 0.22)
            colour = rng.choices((palette.ramp(tint * 0.8), palette.ink, palette.colours[-1]), (84, 9, 7))[0]
            sheet.stroke(points, colour, width)
            ribbons.take(points, width + 2 * gap)
    return sheet.finish(rng)
