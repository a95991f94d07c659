"""Interference: fine rings from two or three centres, printed one over the other."""

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw

from monolith.demo.palettes import Palette
from monolith.demo.sheet import SCALE, Sheet, grained


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    wide, high = sheet.wide / 2, sheet.high / 2
    inks = [palette.colours[1], palette.colours[-1], palette.colours[2]][: rng.choice((2, 3))]
    reach = min(wide, high) * rng.uniform(0.62, 0.82)
    pitch = rng.uniform(9, 14) * sheet.unit
    turn = math.atan2(high, wide) + rng.uniform(-0.4, 0.4)
    image = Image.new("RGB", size, palette.paper)
    for n, ink in enumerate(inks):
        angle = turn + math.tau * n / len(inks)
        x = sheet.centre[0] + math.cos(angle) * (wide - reach)
        y = sheet.centre[1] + math.sin(angle) * (high - reach)
        image = overprint(image, rings(sheet, x, y, reach, pitch), ink)
    return grained(image, rng)


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
