"""Interference: fine rings from two or three centres, printed one over the other."""

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw

from monolith.demo.palettes import Palette
from monolith.demo.sheet import SCALE, Point, Sheet, grained


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    inks = [palette.colours[1], palette.colours[-1], palette.colours[2]][: rng.choice((2, 3))]
    turn = math.atan2(sheet.high, sheet.wide) + rng.uniform(-0.5, 0.5)
    apart, pitch = rng.uniform(0.22, 0.6), rng.uniform(9, 14) * sheet.unit
    turns = [turn + math.tau * n / len(inks) for n in range(len(inks))]
    centres = [(math.cos(angle) * apart, math.sin(angle) * apart) for angle in turns]
    reach, centres = fit(sheet, centres)
    image = Image.new("RGB", size, palette.paper)
    for (x, y), ink in zip(centres, inks, strict=True):
        image = overprint(image, rings(sheet, x, y, reach, pitch), ink)
    return grained(image, rng)


def fit(sheet: Sheet, centres: list[Point]) -> tuple[float, list[Point]]:
    """The radius, and the centres on the sheet, of discs of radius 1 round `centres` when they fill the print."""
    xs, ys = zip(*centres, strict=True)
    reach = min(sheet.wide / (max(xs) - min(xs) + 2), sheet.high / (max(ys) - min(ys) + 2))
    dx, dy = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    cx, cy = sheet.centre
    return reach, [(cx + (x - dx) * reach, cy + (y - dy) * reach) for x, y in centres]


def overprint(image: Image.Image, mask: Image.Image, ink: tuple[int, ...]) -> Image.Image:
    """`ink` printed where `mask` is white, transparent like a real one: where two meet it gets darker."""
    layer = Image.new("RGB", image.size, (255, 255, 255))
    layer.paste(ink, mask=mask)
    return ImageChops.multiply(image, layer)


def rings(sheet: Sheet, x: float, y: float, reach: float, pitch: float) -> Image.Image:
    """A mask in the final size: concentric rings, each half as wide as the way to the next."""
    mask = Image.new("L", sheet.image.size)
    pen = ImageDraw.Draw(mask)
    while reach > pitch / 2:
        for radius, level in ((reach, 255), (reach - pitch / 2, 0)):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=level)
        reach -= pitch
    return mask.reduce(SCALE)
