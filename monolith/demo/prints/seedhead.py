"""Seed heads: dots set by the golden angle, as in a sunflower."""

import math
from random import Random

from PIL import Image

from monolith.demo.palettes import Palette
from monolith.demo.sheet import Sheet

GOLDEN = math.pi * (3 - math.sqrt(5))


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    cx, cy = sheet.centre
    reach = min(sheet.wide, sheet.high) * 0.485
    seeds = rng.choice((650, 900, 1300))
    pulse, arms = rng.uniform(1.5, 4), rng.choice((8, 13, 21))
    for n in range(seeds, 0, -1):
        far = math.sqrt(n / seeds)
        turn = n * GOLDEN
        swell = 0.35 + 0.62 * abs(math.sin(far * math.pi * pulse)) * (0.4 + 0.6 * far)
        tint = far * 0.78 + 0.12 * math.sin(turn % math.tau * arms)
        colour = palette.colours[-1] if n % arms == 0 and far > 0.3 else palette.ramp(tint)
        x, y = cx + math.cos(turn) * far * reach, cy + math.sin(turn) * far * reach
        sheet.disc(x, y, reach / math.sqrt(seeds) * swell, colour)
    return sheet.finish(rng)
