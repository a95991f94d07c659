"""Facets: a crystal of triangles, each as bright as the light falls on it."""

import math
from itertools import pairwise
from random import Random

from PIL import Image

from monolith.demo.palettes import Palette, mix
from monolith.demo.sheet import Sheet, smooth_field

Corner = tuple[float, float, float]  # the third number is the height above the paper
Triangle = tuple[Corner, Corner, Corner]
LIGHT = (-0.55, -0.62, 0.56)
WHITE = (255, 255, 255)


def lattice(rng: Random, sheet: Sheet, step: float) -> list[list[Corner]]:
    """Rows of a triangular lattice, each point nudged; it reaches beyond the print on every side."""
    rows = []
    for j in range(-1, int(sheet.high / (step * 0.87)) + 3):
        start = sheet.left - step * (1.5 if j % 2 else 1)
        places = [(start + i * step, sheet.top + j * step * 0.87) for i in range(int(sheet.wide / step) + 4)]
        rows.append([nudged(rng, x, y, step) for x, y in places])
    return rows


def nudged(rng: Random, x: float, y: float, step: float) -> Corner:
    return x + rng.gauss(0, 0.2) * step, y + rng.gauss(0, 0.2) * step, rng.uniform(0, 0.5) * step


def triangles(rows: list[list[Corner]]) -> list[Triangle]:
    found: list[Triangle] = []
    for j, (upper, lower) in enumerate(pairwise(rows)):
        for i in range(len(upper) - 1):
            if j % 2:
                found += [(upper[i], upper[i + 1], lower[i]), (upper[i + 1], lower[i + 1], lower[i])]
            else:
                found += [(upper[i], upper[i + 1], lower[i + 1]), (upper[i], lower[i + 1], lower[i])]
    return found


def brightness(triangle: Triangle) -> float:
    """How squarely the light meets the triangle: -1 turned away, 1 facing it."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = triangle
    ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    normal = (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)
    length = math.sqrt(sum(part * part for part in normal)) or 1
    return sum(part * light for part, light in zip(normal, LIGHT, strict=True)) / length


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    field = smooth_field(rng, waves=4, rough=1.4)
    lean = rng.uniform(0, math.tau)
    for triangle in triangles(lattice(rng, sheet, rng.uniform(66, 110) * sheet.unit)):
        x, y = (sum(corner[axis] for corner in triangle) / 3 / sheet.width for axis in (0, 1))
        along = (x - 0.5) * math.cos(lean) + (y - sheet.height / sheet.width / 2) * math.sin(lean)
        colour = palette.ramp(0.45 + along * 0.7 + field(x, y) * 0.32)
        light = brightness(triangle) - 0.56
        shaded = mix(colour, WHITE if light > 0 else palette.ink, min(0.6, abs(light) * 0.75))
        sheet.pen.polygon([corner[:2] for corner in triangle], fill=shaded)
    sheet.trim()
    return sheet.finish(rng)
