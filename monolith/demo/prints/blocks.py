"""Blocks: an isometric town that fills the sheet from edge to edge."""

from random import Random

from PIL import Image

from monolith.demo.palettes import RGB, Palette, mix
from monolith.demo.sheet import Sheet, smooth_field


def tower(sheet: Sheet, x: float, y: float, half: float, height: float, faces: tuple[RGB, RGB, RGB]) -> None:
    """A block whose ground corner nearest to us is (x, y): its left, right and upper face."""
    rise, top = half / 2, y - height
    sheet.pen.polygon([(x, y), (x - half, y - rise), (x - half, top - rise), (x, top)], fill=faces[0])
    sheet.pen.polygon([(x, y), (x + half, y - rise), (x + half, top - rise), (x, top)], fill=faces[1])
    roof = [(x, top), (x - half, top - rise), (x, top - 2 * rise), (x + half, top - rise)]
    sheet.pen.polygon(roof, fill=faces[2])


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    half = rng.uniform(30, 50) * sheet.unit
    field = smooth_field(rng, waves=5, rough=2.4)
    tallest = 5 * half
    rows = int((sheet.high + tallest) / (half / 2)) + 4
    for row in range(rows):
        y = sheet.top + row * half / 2
        for column in range(-1, int(sheet.wide / (2 * half)) + 2):
            x = sheet.left + (column * 2 + row % 2) * half
            swell = (field(x / sheet.width, y / sheet.width) + 1) / 2
            height = max(0.15, swell * 3.4 + rng.choice((0, 0, 0.5, 1))) * half
            colour = palette.ramp(0.06 + 0.72 * swell + rng.uniform(-0.05, 0.05))
            if rng.random() < 0.04:
                colour = palette.colours[-1]
            left, right = mix(colour, palette.ink, 0.45), mix(colour, palette.ink, 0.16)
            tower(sheet, x, y, half, height, (left, right, mix(colour, palette.paper, 0.28)))
    sheet.trim()
    return sheet.finish(rng)
