"""Pictures for the tests, made by the tests: good ones, odd ones and hostile ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (250, 250, 250)


def quarters(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Red and green above, blue and white below: whichever way it is turned, one sees it."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image.convert(mode)


def saved(image: Image.Image, picture_format: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, picture_format, **options)
    return buffer.getvalue()


def picture(width: int = 400, height: int = 300, picture_format: str = "PNG", seed: int = 0) -> bytes:
    """The bytes of a picture; another seed, other bytes."""
    image = quarters(width, height)
    image.putpixel((0, 0), (seed % 256, seed // 256 % 256, 7))
    return saved(image, picture_format)


def with_exif(image: Image.Image, picture_format: str, orientation: int = 1) -> bytes:
    """A photo as a telephone writes it: turned by EXIF, with the place and a comment."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "SECRET-DESCRIPTION"
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 11.0), 3: "E", 4: (8.0, 32.0, 22.0)})
    return saved(image, picture_format, exif=exif, quality=95)


def swapped_profile() -> bytes:
    """A profile in which what is called red is green and the other way round: plain to see when it is applied."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {}
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        tags[bytes(profile[at : at + 4])] = at
    red, green = tags[b"rXYZ"] + 4, tags[b"gXYZ"] + 4
    profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    return bytes(profile)


def png_bomb(width: int, height: int, depth: int = 1) -> bytes:
    """A PNG of one colour and very many pixels: a few thousand bytes a picture of hundreds of megabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = bytes(1 + (width * depth + 7) // 8)
    squeezed = zlib.compressobj(9)
    body = b"".join(squeezed.compress(row) for _ in range(height)) + squeezed.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def lying_png(width: int, height: int) -> bytes:
    """A PNG whose header promises more than its few pixels."""
    data = bytearray(picture(8, 8))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def animation(frames: int, size: int = 40) -> bytes:
    colours = [RED, GREEN, BLUE, WHITE]
    drawn = [Image.new("RGB", (size, size), colours[n % 4]) for n in range(frames)]
    return saved(drawn[0], "GIF", save_all=True, append_images=drawn[1:], duration=50)


def crowded_gif(frames: int, width: int, height: int) -> bytes:
    """A GIF of very many frames, each one pixel on a large canvas: 15 bytes a frame."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes([*RED, *GREEN])
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return screen + frame * frames + b";"


def polyglot() -> bytes:
    """A JPEG that is a script and a page as well."""
    return (
        picture(picture_format="JPEG") + b"<script>alert(document.domain)</script><?php system($_GET[0]); ?>"
    )
