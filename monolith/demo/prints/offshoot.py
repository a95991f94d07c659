"""Offshoots: plants grown by a branching rule, pressed flat as in a herbarium."""

import math
from dataclasses import dataclass, field
from random import Random

from PIL import Image

from monolith.demo.palettes import RGB, Palette, mix
from monolith.demo.sheet import Point, Sheet, outline

Shape = tuple[list[Point], RGB]


def leaf(x: float, y: float, turn: float, length: float, width: float) -> list[Point]:
    """The outline of a pointed leaf that starts at (x, y)."""
    spine = [(n / 14, math.sin(math.pi * (n / 14) ** 0.8) * width * (1 - n / 40)) for n in range(15)]
    flat = [(a * length, w) for a, w in spine] + [(a * length, -w) for a, w in reversed(spine)]
    cos, sin = math.cos(turn), math.sin(turn)
    return [(x + px * cos - py * sin, y + px * sin + py * cos) for px, py in flat]


def berry(x: float, y: float, radius: float) -> list[Point]:
    turns = [n / 24 * math.tau for n in range(24)]
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


@dataclass
class Plant:
    """One plant, about 1000 tall, and the habits that make its kind."""

    rng: Random
    greens: list[RGB]
    fruit: RGB
    stem: RGB
    slender: bool  # a single stem among several
    shapes: list[Shape] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = self.rng
        self.bend = rng.uniform(-0.05, 0.05)
        self.spread = rng.uniform(0.5, 0.9)
        self.slim = rng.choice((0.11, 0.17, 0.24, 0.36))
        self.leaf_length = 88 if self.slim < 0.2 else 66
        self.opposite, self.fruiting = rng.random() < 0.6, rng.random() < 0.6

    def grow(self, x: float, y: float, turn: float, length: float, depth: int) -> None:
        """A shoot: bends a little at every joint, and each joint puts out a side shoot or leaves."""
        joints = max(3, round(length / 82))
        points, step, own_bend = [(x, y)], length / joints, self.rng.gauss(self.bend, 0.03)
        for joint in range(1, joints):
            turn += own_bend + self.rng.gauss(0, 0.035)
            x, y = x + math.cos(turn) * step, y + math.sin(turn) * step
            points.append((x, y))
            side = 1 if joint % 2 else -1
            reach = length * (0.36 if self.slender else 0.6) * (1 - 0.75 * joint / joints)
            if depth and reach > 110:
                self.grow(x, y, turn + side * self.spread, reach, depth - 1)
                self.put_leaf(x, y, turn - side * self.spread)
            else:
                self.put_leaf(x, y, turn + side * self.spread)
                if self.opposite:
                    self.put_leaf(x, y, turn - side * self.spread)
        self.shapes.append((outline(points, 1.2 + 1.7 * depth), self.stem))
        self.tip(*points[-1], turn)

    def put_leaf(self, x: float, y: float, turn: float) -> None:
        size = self.leaf_length * self.rng.uniform(0.75, 1.12)
        shape = leaf(x, y, turn + self.rng.gauss(0, 0.12), size, size * self.slim)
        self.shapes.append((shape, self.rng.choice(self.greens)))

    def tip(self, x: float, y: float, turn: float) -> None:
        self.put_leaf(x, y, turn)
        if self.fruiting:
            for _ in range(3):
                away = turn + self.rng.uniform(-1.2, 1.2)
                reach = self.rng.uniform(18, 34)
                shape = berry(x + math.cos(away) * reach, y + math.sin(away) * reach, self.rng.uniform(7, 10))
                self.shapes.append((shape, self.fruit))


def press(sheet: Sheet, shapes: list[Shape], left: float, right: float) -> None:
    """Lays a plant on the sheet between `left` and `right`, as large as it goes."""
    xs, ys = ([point[axis] for shape, _ in shapes for point in shape] for axis in (0, 1))
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((right - left) / width, sheet.high / height) * 0.96
    dx = (left + right) / 2 - (min(xs) + max(xs)) / 2 * scale
    dy = sheet.centre[1] - (min(ys) + max(ys)) / 2 * scale
    for shape, colour in shapes:
        sheet.pen.polygon([(x * scale + dx, y * scale + dy) for x, y in shape], fill=colour)


def draw(rng: Random, size: tuple[int, int], palette: Palette) -> Image.Image:
    sheet = Sheet(size, palette)
    greens = [palette.ramp(share) for share in (0.03, 0.2, 0.36, 0.52)]
    stem = mix(palette.ink, palette.colours[1], 0.35)
    wide, high = sheet.wide, sheet.high
    plants = 1 if wide < high * 0.95 else round(wide / high * 2.2)
    for n in range(plants):
        plant = Plant(rng, greens, palette.colours[-1], stem, slender=plants > 1)
        plant.grow(0, 0, -math.pi / 2, 1000, 1 if plant.slender else 2)
        press(sheet, plant.shapes, sheet.left + wide * n / plants, sheet.left + wide * (n + 1) / plants)
    return sheet.finish(rng)
