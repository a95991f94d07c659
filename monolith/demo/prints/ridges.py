"""Ridgelines: stacked profiles of a mountain that isn't there."""

import math
from random import Random

from PIL import Image

from monolith.demo.palettes import Palette
from monolith.demo.sheet import Point, Sheet, smooth_field


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette, margin=0.12)
    rows = rng.choice((46, 58, 70))
    coarse, fine = smooth_field(rng, waves=5, rough=3.2), smooth_field(rng, waves=6, rough=16)
    peak, breadth = rng.uniform(0.38, 0.62), rng.uniform(0.14, 0.22)
    drop = sheet.high * 0.84
    line = max(1, round(2.6 * sheet.unit))
    for row in range(rows):
        base = sheet.bottom - drop * (1 - row / (rows - 1))
        strength = 0.5 + 0.5 * math.sin(math.pi * row / (rows - 1))
        points: list[Point] = []
        for n in range(161):
            at = n / 160
            swell = math.exp(-(((at - peak) / breadth) ** 2)) * strength
            rough = 1 + 0.65 * coarse(at * 2, row / rows) + 0.35 * fine(at * 1.4, row / rows * 1.5)
            points.append(
                (sheet.left + sheet.wide * at, base - (abs(rough) * swell + 0.012) * 118 * sheet.unit)
            )
        below = base + 4 * line
        sheet.pen.polygon([*points, (sheet.right, below), (sheet.left, below)], fill=sheet.paper)
        sheet.pen.line(points, fill=palette.ramp(0.62 * row / rows), width=line)
    return sheet.finish(rng)
