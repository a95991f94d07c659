"""Dusk: a low sun, a graded sky and hills that fade into it."""

import math
from random import Random

from PIL import Image, ImageDraw

from monolith.demo.palettes import Palette, mix
from monolith.demo.sheet import Sheet, smooth_field


def graded(palette: Palette, size: tuple[int, int], first: float, last: float) -> Image.Image:
    """A vertical gradient through the palette from `first` to `last` of the way."""
    strip = Image.new("RGB", (1, 64))
    strip.putdata([palette.ramp(first + (last - first) * n / 63) for n in range(64)])
    return strip.resize(size, Image.Resampling.BICUBIC)


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    corner = (round(sheet.left), round(sheet.top))
    sky = (round(sheet.wide), round(sheet.high))
    sheet.image.paste(graded(palette, sky, 0.28, 0.98), corner)
    horizon = sheet.top + sky[1] * rng.uniform(0.52, 0.62)
    x = sheet.left + sky[0] * rng.uniform(0.3, 0.7)
    radius = min(sky) * rng.uniform(0.11, 0.2)
    sun = mix(palette.colours[4], (255, 255, 255), 0.45)
    sheet.disc(x, horizon - radius * rng.uniform(0.2, 1.1), radius, sun)
    hills(rng, sheet, palette, horizon)
    sheet.trim()
    return sheet.finish(rng)


def hills(rng: Random, sheet: Sheet, palette: Palette, horizon: float) -> None:
    """Ranges from far and pale to near and dark."""
    ranges = rng.randrange(5, 8)
    step = 6 * sheet.unit
    for n in range(ranges):
        field = smooth_field(rng, waves=7, rough=2.2 + (ranges - n) * 0.9)
        base = horizon + (sheet.bottom - horizon) * (n / ranges) ** 1.1
        height = (34 + 9 * n) * sheet.unit
        ridge = [
            (x, base - height * field(x / sheet.width * 2.2, n))
            for x in (sheet.left + i * step for i in range(math.ceil(sheet.wide / step) + 1))
        ]
        near = (n + 1) / ranges
        colour = mix(palette.ramp(0.72 * (1 - near)), palette.colours[3], 0.34 * (1 - near))
        ImageDraw.Draw(sheet.image).polygon(
            [*ridge, (sheet.right, sheet.bottom), (sheet.left, sheet.bottom)], fill=colour
        )
