"""Pendulum: the fading curves of a harmonograph in three inks."""

import math
from random import Random

from PIL import Image

from monolith.demo.palettes import Palette
from monolith.demo.sheet import Point, Sheet

STEPS = 7000
RATIOS = ((1, 1), (2, 3), (1, 2), (3, 4), (2, 1), (3, 2))


def swing(rng: Random, twist: float) -> list[Point]:
    """Two damped swings a side, nearly but not quite in tune, which is what opens the figure."""
    across, down = rng.choice(RATIOS)
    phases = [rng.uniform(0, math.tau) for _ in range(4)]
    drift, decay = rng.uniform(0.002, 0.006), rng.uniform(0.003, 0.005)
    points = []
    for n in range(STEPS):
        t = n * 0.06
        fade = math.exp(-decay * t)
        x = 0.7 * math.sin(t * across + phases[0]) + 0.3 * math.sin(t * (1 + drift) + phases[1] + twist)
        y = 0.7 * math.sin(t * (down + drift) + phases[2]) + 0.3 * math.sin(t * 2 + phases[3] + twist / 2)
        points.append((x * fade, y * fade))
    return points


def fit(curves: list[list[Point]], sheet: Sheet) -> list[list[Point]]:
    """The curves moved and enlarged together until they fill the print."""
    xs, ys = ([point[axis] for curve in curves for point in curve] for axis in (0, 1))
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    scale = min(sheet.wide / (right - left), sheet.high / (bottom - top)) * 0.97
    cx, cy = sheet.centre
    dx, dy = cx - (left + right) / 2 * scale, cy - (top + bottom) / 2 * scale
    return [[(x * scale + dx, y * scale + dy) for x, y in curve] for curve in curves]


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    state = rng.getstate()
    curves = []
    for n in range(3):
        rng.setstate(state)  # the same swing, turned a little for each ink
        curves.append(swing(rng, n * 0.22))
    inks = (palette.colours[2], palette.colours[0], palette.colours[-1])
    for curve, ink in zip(fit(curves, sheet), inks, strict=True):
        sheet.pen.line(curve, fill=ink, width=max(1, round(1.3 * sheet.unit)))
    return sheet.finish(rng)
