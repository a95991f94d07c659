"""The part that touches hostile bytes: a script run in a child process under limits, one picture each time.

    python render.py inspect PICTURE            prints {"format", "width", "height"}
    python render.py render PICTURE FOLDER      writes the renditions into FOLDER and prints what they are

Prints one JSON object; {"error": code, …} when the picture can't be used. It stands alone: nothing but Pillow.
"""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import AvifImagePlugin, Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

# Imported by name: for a format it doesn't know yet Pillow loads all forty of its decoders, in twice the time.
FORMATS = tuple(
    str(one.format) for one in (JpegImageFile, PngImageFile, WebPImageFile, AvifImageFile, GifImageFile)
)
MAX_PIXELS = 40_000_000
MAX_PIXELS_ALL_FRAMES = 80_000_000

STEPS = (320, 640, 1280, 1920)
MAX_HEIGHT = 3 * STEPS[-1]  # a very long screenshot; WebP itself ends at 16,383
PLACEHOLDER_WIDTH = 24

# The largest that is allowed (40 megapixels with alpha, WebP or 10-bit AVIF) was measured to need 320 to 670 MiB.
MEMORY_BYTES = 1024**3
CPU_SECONDS = 60
FILE_BYTES = 64 * 1024**2

# Measured on a drawn print of 1920 × 2400: AVIF speed 6 takes 2.4 s for 102 KB, 8 takes 0.4 s for 157 KB, 9 and 10
# 0.2 s for 289 KB. WebP method 4 takes twice the time of 2 for 6 % fewer bytes. One thread each: the worker runs
# several pictures at once, and how many cores there are must not change the bytes.
ENCODERS: dict[str, dict[str, Any]] = {
    "avif": {"quality": 60, "speed": 8, "max_threads": 1},
    "webp": {"quality": 78, "method": 2},
    "jpeg": {"quality": 80, "progressive": True, "optimize": True},
    "png": {"compress_level": 6},
}
SUFFIX = {"avif": "avif", "webp": "webp", "jpeg": "jpg", "png": "png"}


class Refused(Exception):
    """The picture can't be used; `facts` go into the sentence for its owner."""

    def __init__(self, code: str, **facts: int) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def limit_this_process() -> None:
    """From here on a bomb ends this process and nothing else; and people come before pictures."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    Image.MAX_IMAGE_PIXELS = None  # ours is lower, and says so in a sentence
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def inspect(path: Path) -> dict[str, Any]:
    with opened(path) as image:
        width, height = upright_size(image)
        return {"format": image.format, "width": width, "height": height}


def render(path: Path, folder: Path) -> dict[str, Any]:
    with opened(path) as image:
        refuse_too_many_frames(image)
        if image.format == "PNG":
            image.load()  # its EXIF may stand behind the pixels
        width, height = upright_size(image)
        base = shrunk(image, fitting(width, height))
    base = in_srgb(ImageOps.exif_transpose(base))
    base.info.clear()  # Pillow would write profile and comment on
    return {
        "width": width,
        "height": height,
        "placeholder": placeholder(base),
        "renditions": list(write_all(base, folder)),
    }


def opened(path: Path) -> Image.Image:
    """The picture with only its header read. Raises Refused for a format or a size we don't take."""
    refuse_huge_webp(path)
    try:
        image = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        raise Refused("not_a_picture") from None
    refuse_too_many_pixels(*image.size)
    return image


def refuse_too_many_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Refused("too_many_pixels", megapixels=round(width * height / 1e6), limit=MAX_PIXELS // 10**6)


def refuse_huge_webp(path: Path) -> None:
    """Pillow allocates the whole canvas of a WebP when it opens it, so its header is read by hand (RFC 9649)."""
    with path.open("rb") as file:
        head = file.read(30)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return
    if head[12:16] == b"VP8X":
        size = 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        size = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        size = int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    refuse_too_many_pixels(*size)


def refuse_too_many_frames(image: Image.Image) -> None:
    """Only the first frame is shown, but a file of very many is no picture."""
    if image.format == "MPO":  # a JPEG with previews or a second eye behind it, which nobody decodes
        return
    frames = getattr(image, "n_frames", 1)
    if image.width * image.height * frames > MAX_PIXELS_ALL_FRAMES:
        raise Refused("too_many_frames", frames=frames, limit=MAX_PIXELS_ALL_FRAMES // 10**6)


def upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if is_on_its_side(image) else (width, height)


def is_on_its_side(image: Image.Image) -> bool:
    # Of the base class: PNG's own would decode all pixels to look behind them.
    return Image.Image.getexif(image).get(0x0112) in (5, 6, 7, 8)


def fitting(width: int, height: int) -> tuple[int, int]:
    """The largest rendition's size: the original's, or as much of it as fits."""
    scale = min(1, STEPS[-1] / width, MAX_HEIGHT / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrunk(image: Image.Image, upright: tuple[int, int]) -> Image.Image:
    """Decoded and made small at once, before anything else is done to it: memory is what a bomb is after."""
    size = upright[::-1] if is_on_its_side(image) else upright
    image.draft(None, size)  # a JPEG can be decoded at half, a quarter or an eighth
    plain = in_resizable_mode(image)
    if plain is not image:
        image.close()
    return plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def in_resizable_mode(image: Image.Image) -> Image.Image:
    image.load()
    if image.mode.startswith(("I", "F")):
        # 16 bits a pixel to 8, which convert() would cut off instead of scaling.
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        # Premultiplied, or the colour of invisible pixels bleeds into the visible ones beside them.
        return (image if image.mode == "RGBA" else image.convert("RGBA")).convert("RGBa")
    if image.mode in ("1", "P"):
        return image.convert("L" if image.mode == "1" else "RGB")
    return image


def in_srgb(image: Image.Image) -> Image.Image:
    """Colours as the web takes them, opaque where nothing shows through. A profile that is nonsense is ignored."""
    if image.mode == "RGBa":
        image = image.convert("RGBA")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode=target
            )
            return converted or image.convert(target)
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert(target)


def widths(largest: int) -> list[int]:
    """The steps that don't enlarge, and the largest itself when it is worth a file of its own."""
    steps = [step for step in STEPS if step <= largest]
    if not steps or largest >= steps[-1] * 1.25:
        steps.append(largest)
    return steps


def write_all(base: Image.Image, folder: Path) -> Iterator[dict[str, Any]]:
    """Every rendition, the largest first: each is made from the one before it."""
    fallback = "png" if base.mode == "RGBA" else "jpeg"
    for width in reversed(widths(base.width)):
        base = scaled(base, width)
        for encoder in ("avif", "webp", fallback):
            name = f"{width}.{SUFFIX[encoder]}"
            base.save(folder / name, encoder, **ENCODERS[encoder])
            yield {"format": encoder, "width": width, "height": base.height, "name": name}


def scaled(image: Image.Image, width: int) -> Image.Image:
    if width == image.width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def placeholder(image: Image.Image) -> str:
    small = image.copy()
    small.thumbnail((PLACEHOLDER_WIDTH, 3 * PLACEHOLDER_WIDTH))
    buffer = io.BytesIO()
    small.save(buffer, "webp", quality=20, method=6)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def main(verb: str, picture: str, *folder: str) -> dict[str, Any]:
    limit_this_process()
    try:
        return inspect(Path(picture)) if verb == "inspect" else render(Path(picture), Path(*folder))
    except Refused as refused:
        return {"error": refused.code, **refused.facts}
    except MemoryError:
        return {"error": "too_heavy"}
    except (
        Exception
    ) as error:  # Pillow's decoders raise nearly everything; all of it means the file is damaged
        print(repr(error), file=sys.stderr)
        return {"error": "damaged"}


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:])))
