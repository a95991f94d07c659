"""A sheet to print on: drawn three times as large for smooth edges, with a paper margin and some grain."""

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from monolith.demo.palettes import RGB, Palette

SCALE = 3
GRAIN = 10  # grey levels either side of the middle
Point = tuple[float, float]
Field = Callable[[float, float], float]


class Sheet:
    """Paper of `size` final pixels, on which families draw in larger ones (`SCALE`).

    `left`, `top`, `right`, `bottom` bound the printed part, `wide` by `high`.
    `unit` is 1/1000 of the short side.
    """

    def __init__(self, size: tuple[int, int], palette: Palette, margin: float = 0.08) -> None:
        self.width, self.height = size[0] * SCALE, size[1] * SCALE
        self.unit = min(self.width, self.height) / 1000
        self.paper = palette.paper
        self.image = Image.new("RGB", (self.width, self.height), palette.paper)
        self.pen = ImageDraw.Draw(self.image)
        self.centre: Point = (self.width / 2, self.height / 2)
        edge = margin * min(self.width, self.height)
        self.print_on(self.width - 2 * edge, self.height - 2 * edge)

    def print_on(self, wide: float, high: float) -> None:
        """Sets the printed part, in the middle of the sheet."""
        self.wide, self.high = wide, high
        self.left, self.top = (self.width - wide) / 2, (self.height - high) / 2
        self.right, self.bottom = self.left + wide, self.top + high

    def tiles(self, along_short_side: int) -> tuple[int, list[Point]]:
        """The side and upper left corners of square tiles, on whole pixels so that no seam shows."""
        side = int(min(self.wide, self.high) / along_short_side)
        across, down = int(self.wide / side), int(self.high / side)
        self.print_on(across * side, down * side)
        left, top = int(self.left), int(self.top)
        return side, [(left + i * side, top + j * side) for i in range(across) for j in range(down)]

    def disc(self, x: float, y: float, radius: float, fill: RGB) -> None:
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def ring(self, x: float, y: float, radius: float, colour: RGB, width: float) -> None:
        box = (x - radius, y - radius, x + radius, y + radius)
        self.pen.ellipse(box, outline=colour, width=max(1, round(width)))

    def slice(self, x: float, y: float, radius: float, start: float, end: float, fill: RGB) -> None:
        """A slice of a disc; degrees, clockwise from three o'clock."""
        self.pen.pieslice((x - radius, y - radius, x + radius, y + radius), start, end, fill=fill)

    def stroke(self, points: list[Point], colour: RGB, width: float) -> None:
        """A line with round ends, drawn as one outline: Pillow leaves notches in the bends of a wide line."""
        half = max(width / 2, 0.5)
        self.pen.polygon(outline(points, half), fill=colour)
        for x, y in (points[0], points[-1]):
            self.disc(x, y, half - 0.5, colour)

    def trim(self) -> None:
        """Bare paper again wherever something was drawn over the margin."""
        for rest in (
            (0, 0, self.width, self.top),
            (0, self.bottom, self.width, self.height),
            (0, 0, self.left, self.height),
            (self.right, 0, self.width, self.height),
        ):
            self.pen.rectangle(rest, fill=self.paper)

    def finish(self, rng: Random) -> Image.Image:
        """The print in its final size, with grain."""
        return grained(self.image.reduce(SCALE), rng)


def grained(image: Image.Image, rng: Random) -> Image.Image:
    """`image` with the faint tooth of paper: one small tile of noise, laid side by side."""
    side = 256
    tile = Image.frombytes("L", (side, side), rng.randbytes(side * side)).filter(ImageFilter.BoxBlur(0.6))
    tile = tile.point([round(128 + (level - 128) * GRAIN / 128) for level in range(256)])
    noise = Image.new("L", image.size)
    for x in range(0, image.width, side):
        for y in range(0, image.height, side):
            noise.paste(tile, (x, y))
    return ImageChops.soft_light(image, Image.merge("RGB", (noise,) * 3))


def smooth_field(rng: Random, waves: int = 5, rough: float = 1.0) -> Field:
    """A gentle random landscape over coordinates of about 0..1, with values of about -1..1."""
    parts = []
    for n in range(waves):
        angle, pace = rng.uniform(0, math.tau), rough * (1.5 + n * 1.3)
        phase, weight = rng.uniform(0, math.tau), 1 / (1 + n * 0.7)
        parts.append((math.cos(angle) * pace, math.sin(angle) * pace, phase, weight))
    whole = sum(part[3] for part in parts) * 0.7

    def field(x: float, y: float) -> float:
        return sum(a * math.sin(kx * x + ky * y + p) for kx, ky, p, a in parts) / whole

    return field


def height_map(field: Field, size: tuple[int, int], samples: int = 150) -> Image.Image:
    """`field` as a floating-point image: evaluated on a coarse grid, then enlarged smoothly."""
    across, down = (max(2, round(samples * side / max(size))) for side in size)
    grid = Image.new("F", (across, down))
    grid.putdata([field(x / samples, y / samples) for y in range(down) for x in range(across)])
    return grid.resize(size, Image.Resampling.BICUBIC)


def outline(points: list[Point], half: float) -> list[Point]:
    """The polygon round a path, `half` away from it on either side."""
    left, right = [], []
    for n, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[max(0, n - 1)], points[min(len(points) - 1, n + 1)]
        length = math.hypot(bx - ax, by - ay) or 1
        nx, ny = (ay - by) / length * half, (bx - ax) / length * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left + right[::-1]
