"""Strata: sheets of cut paper, one above the other, each throwing a shadow."""

from random import Random

from PIL import Image, ImageChops, ImageFilter

from monolith.demo.palettes import Palette, mix
from monolith.demo.sheet import grained, height_map, smooth_field

LAYERS = 8


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    heights = height_map(smooth_field(rng, waves=6, rough=rng.uniform(1.5, 3.2)), size)
    image = Image.new("RGB", size, palette.ramp(0))
    short = min(size)
    for layer in range(1, LAYERS):
        level = -0.85 + 1.7 * layer / LAYERS
        mask = above(heights, level, short)
        shadow = cast_shadow(mask, short)
        image.paste(mix(palette.ramp((layer - 1) / LAYERS), (0, 0, 0), 0.55), mask=shadow)
        image.paste(palette.ramp(layer / (LAYERS - 1)), mask=mask)
    return grained(framed(image, palette), rng)


def above(heights: Image.Image, level: float, short: int) -> Image.Image:
    """White where the land lies above `level`; a steep slope, clipped, leaves an edge of about a pixel."""
    steep = short * 40.0
    return heights.point(lambda value: value * steep - level * steep).convert("L")


def cast_shadow(mask: Image.Image, short: int) -> Image.Image:
    """The soft shadow a layer throws down and to the right; worked out at a quarter of the size."""
    small = mask.reduce(4).filter(ImageFilter.GaussianBlur(short / 4 / 110))
    offset = max(1, short // 4 // 160)
    small = ImageChops.offset(small, offset, offset * 2).point([level * 7 // 10 for level in range(256)])
    return small.resize(mask.size, Image.Resampling.BILINEAR)


def framed(image: Image.Image, palette: Palette) -> Image.Image:
    """The picture with its rim replaced by paper."""
    edge = round(min(image.size) * 0.08)
    inner = (edge, edge, image.width - edge, image.height - edge)
    paper = Image.new("RGB", image.size, palette.paper)
    paper.paste(image.crop(inner), inner)
    return paper
