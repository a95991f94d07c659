"""Further pictures of a print: framed on a wall, and a part of it from close by."""

from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

from monolith.demo.palettes import Palette, mix

WALL = 1600  # pixels square
OAK, OAK_SHADE = (176, 137, 96), (142, 106, 70)


def detail(sheet: Image.Image, palette: Palette) -> Image.Image:
    """The middle of the sheet, a little above centre, at its own size."""
    width, height = round(sheet.width * 0.5), round(sheet.height * 0.5)
    left, top = round(sheet.width * 0.27), round(sheet.height * 0.22)
    return sheet.crop((left, top, left + width, top + height))


def wall(sheet: Image.Image, palette: Palette) -> Image.Image:
    """The sheet in an oak frame on a wall in a tint of its palette, above a skirting board and a floor."""
    scene = Image.new("RGB", (WALL, WALL), mix(palette.ramp(0.7), (236, 232, 225), 0.72))
    room(scene)
    hung = sheet.copy()
    hung.thumbnail((WALL * 0.62, WALL * 0.62))
    left, top = (WALL - hung.width) // 2, round(WALL * 0.42 - hung.height / 2)
    right, bottom, frame = left + hung.width, top + hung.height, WALL // 62
    shadow(scene, (left - frame, top - frame, right + frame, bottom + frame))
    pen = ImageDraw.Draw(scene)
    pen.rectangle((left - frame, top - frame, right + frame - 1, bottom + frame - 1), fill=OAK)
    pen.rectangle((left - 3, top - 3, right + 2, bottom + 2), fill=OAK_SHADE)
    scene.paste(hung, (left, top))
    return scene


def room(scene: Image.Image) -> None:
    """Daylight from the left, a white skirting board, a wooden floor."""
    side = scene.width
    light = (
        Image.linear_gradient("L").rotate(90).resize(scene.size).point([level // 9 for level in range(256)])
    )
    scene.paste((70, 62, 55), mask=light)
    pen = ImageDraw.Draw(scene)
    floor = round(side * 0.9)
    pen.rectangle((0, floor, side, side), fill=(190, 158, 122))
    for n in range(5):
        y = floor + round((side - floor) * (n / 5) ** 1.4)
        pen.line((0, y, side, y), fill=(168, 136, 102), width=2)
    pen.rectangle((0, floor - side // 28, side, floor), fill=(240, 238, 233))
    pen.line((0, floor - side // 28, side, floor - side // 28), fill=(214, 210, 203), width=2)


def shadow(scene: Image.Image, box: tuple[int, int, int, int]) -> None:
    """The soft shadow of a frame, down and to the right; worked out at a quarter of the size."""
    small = Image.new("L", (scene.width // 4, scene.height // 4))
    left, top, right, bottom = (edge // 4 for edge in box)
    ImageDraw.Draw(small).rectangle((left + 5, top + 8, right + 6, bottom + 10), fill=110)
    small = small.filter(ImageFilter.GaussianBlur(7))
    scene.paste((40, 34, 30), mask=small.resize(scene.size, Image.Resampling.BILINEAR))


VIEWS: dict[str, Callable[[Image.Image, Palette], Image.Image]] = {"detail": detail, "wall": wall}
