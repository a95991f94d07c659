"""functions/media_renditions by itself: what it makes of good, odd and hostile files."""

from __future__ import annotations

import ast
import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from functions.media_renditions import handler, render
from functions.media_renditions.handler import handle, inspect
from tests.media import drawn
from tests.media.drawn import BLUE, GREEN, RED, WHITE, picture, quarters, saved

pytestmark = pytest.mark.slow

FOLDER = Path(handler.__file__).parent


class Memory:
    """A storage of two dictionaries."""

    def __init__(self, original: bytes) -> None:
        self.originals = {"one": original}
        self.files: dict[str, bytes] = {}

    def read(self, name):
        if name not in self.originals:
            raise FileNotFoundError(name)
        return self.originals[name]

    def write(self, name, content, content_type):
        assert self.files.get(name) in (None, content), "the same name, other bytes"
        assert any(handler.names(original).get(name) == content_type for original in self.originals)
        self.files[name] = content


def made_of(original: bytes):
    storage = Memory(original)
    return handle({"original": "one"}, storage), storage.files


def opened(files, rendition):
    return Image.open(io.BytesIO(files[rendition["name"]]))


def corners(image):
    """The colours of the four quarters: left and right above, left and right below."""
    plain, (w, h) = image.convert("RGB"), image.size
    return [plain.getpixel((x, y)) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]


def is_near(found, expected, by=14):
    return all(
        abs(a - b) <= by for f, e in zip(found, expected, strict=True) for a, b in zip(f, e, strict=True)
    )


def test_a_large_picture_gets_every_width_in_every_format():
    result, files = made_of(picture(2400, 1800, "JPEG"))
    assert (result["width"], result["height"]) == (2400, 1800)
    found = [(r["format"], r["width"], r["height"]) for r in result["renditions"]]
    sizes = [(1920, 1440), (1280, 960), (640, 480), (320, 240)]
    assert found == [(kind, *size) for size in sizes for kind in ("avif", "webp", "jpeg")]
    for rendition in result["renditions"]:
        image = opened(files, rendition)
        assert image.size == (rendition["width"], rendition["height"])
        assert image.format.lower() == rendition["format"]
        assert rendition["bytes"] == len(files[rendition["name"]])
        assert is_near(corners(image), [RED, GREEN, BLUE, WHITE]), rendition


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (1, [1]),
        (200, [200]),
        (320, [320]),
        (399, [320]),
        (400, [400, 320]),
        (640, [640, 320]),
        (1500, [1280, 640, 320]),
        (1600, [1600, 1280, 640, 320]),
        (1920, [1920, 1280, 640, 320]),
    ],
)
def test_nothing_is_enlarged_and_the_largest_is_near_the_original(width, expected):
    result, _files = made_of(picture(width, 20))
    assert [r["width"] for r in result["renditions"][::3]] == expected


def test_a_very_long_picture_is_bounded_in_height_too():
    result, files = made_of(saved(Image.new("L", (1000, 30_000)), "PNG"))
    assert (result["width"], result["height"]) == (1000, 30_000)
    assert max(r["height"] for r in result["renditions"]) == render.MAX_HEIGHT
    assert all(opened(files, r).size == (r["width"], r["height"]) for r in result["renditions"])


@pytest.mark.parametrize(
    ("orientation", "picture_format"),
    [*((n, "JPEG") for n in range(1, 9)), *((n, kind) for n in (4, 6) for kind in ("PNG", "WEBP", "AVIF"))],
)
def test_it_stands_upright(orientation, picture_format):
    """Stored turned as a camera would, shown as it was seen: red, green, blue, white."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = quarters(400, 300)
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    original = drawn.with_exif(stored, picture_format, orientation)
    result, files = made_of(original)
    assert (result["width"], result["height"]) == (400, 300)
    assert is_near(corners(opened(files, result["renditions"][0])), [RED, GREEN, BLUE, WHITE])


def test_exif_behind_the_pixels_counts_too():
    data = drawn.with_exif(quarters(400, 300), "PNG", 6)
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    moved = data[:start] + data[end:-12] + data[start:end] + data[-12:]
    assert moved.index(b"eXIf") > moved.index(b"IDAT")
    result, _files = made_of(moved)
    assert (result["width"], result["height"]) == (300, 400)


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_no_metadata_is_left(picture_format):
    original = drawn.with_exif(quarters(), picture_format)
    assert b"SECRET-DESCRIPTION" in original
    original_image = Image.open(io.BytesIO(original))
    assert original_image.getexif().get_ifd(0x8825), "the original says where it was taken"
    result, files = made_of(original)
    for rendition in result["renditions"]:
        image = opened(files, rendition)
        assert b"SECRET-DESCRIPTION" not in files[rendition["name"]]
        assert not image.getexif()
        assert not {"icc_profile", "exif", "xmp", "comment", "photoshop"} & set(image.info)


def test_a_comment_and_a_text_chunk_are_not_passed_on():
    from PIL import PngImagePlugin

    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "SECRET-AUTHOR")
    for original in (
        saved(quarters(), "JPEG", comment="SECRET-AUTHOR"),
        saved(quarters(), "PNG", pnginfo=text),
    ):
        assert b"SECRET-AUTHOR" in original
        _result, files = made_of(original)
        assert not any(b"SECRET-AUTHOR" in content for content in files.values())


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_colours_are_those_of_the_profile(picture_format):
    options = {} if picture_format == "PNG" else {"quality": 95}
    original = saved(quarters(), picture_format, icc_profile=drawn.swapped_profile(), **options)
    result, files = made_of(original)
    red, green, blue, white = corners(opened(files, result["renditions"][0]))
    assert red[1] > 150 > red[0], "what is called red in this profile looks green"
    assert green[0] > 120 > green[1]
    assert is_near([blue, white], [BLUE, WHITE], by=40)


def test_a_profile_that_is_nonsense_is_ignored():
    result, files = made_of(saved(quarters(), "JPEG", icc_profile=b"nonsense" * 40))
    assert is_near(corners(opened(files, result["renditions"][0])), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16", "LA", "RGBA"])
def test_every_mode_is_shown_as_what_it_is(mode):
    if mode == "I;16":
        image = Image.new("I;16", (400, 300), 0)
        image.paste(65535, (0, 0, 200, 300))
    else:
        image = quarters().convert(mode)
    result, files = made_of(saved(image, "JPEG" if mode == "CMYK" else "PNG"))
    shown = corners(opened(files, result["renditions"][0]))
    if mode == "I;16":
        assert is_near(shown, [WHITE, (0, 0, 0)] * 2)
    elif mode in ("1", "L", "LA"):
        assert all(max(colour) - min(colour) < 8 for colour in shown)
        assert shown[3][0] > 200
    else:
        assert is_near(shown, [RED, GREEN, BLUE, WHITE], by=30)


def test_what_is_transparent_stays_so_with_png_as_the_fallback():
    image = quarters().convert("RGBA")
    image.paste((0, 255, 0, 0), (0, 0, 200, 300))
    result, files = made_of(saved(image, "PNG"))
    assert [r["format"] for r in result["renditions"][:3]] == ["avif", "webp", "png"]
    for rendition in result["renditions"]:
        shown = opened(files, rendition).convert("RGBA")
        assert shown.getpixel((10, 10))[3] == 0
        assert shown.getpixel((shown.width - 10, 10))[3] == 255


def test_the_colour_of_invisible_pixels_does_not_bleed():
    image = Image.new("RGBA", (1000, 1000), (0, 255, 0, 0))
    image.paste((*RED, 255), (0, 0, 501, 1000))
    result, files = made_of(saved(image, "PNG"))
    png = next(r for r in result["renditions"] if r["format"] == "png" and r["width"] == 640)
    edge = [opened(files, png).getpixel((x, 300)) for x in range(312, 330)]
    assert any(0 < alpha < 255 for *_colour, alpha in edge), "the edge runs through here"
    assert all(green < 60 for _red, green, _blue, alpha in edge if alpha > 30)


def test_alpha_that_hides_nothing_is_dropped():
    result, _files = made_of(saved(quarters().convert("RGBA"), "PNG"))
    assert result["renditions"][2]["format"] == "jpeg"


def test_the_placeholder_is_a_tiny_webp():
    result, _files = made_of(picture(1600, 1200))
    scheme, _, data = result["placeholder"].partition(",")
    assert scheme == "data:image/webp;base64"
    assert len(result["placeholder"]) < 800
    small = Image.open(io.BytesIO(base64.b64decode(data)))
    assert small.size == (24, 18)
    assert is_near(corners(small), [RED, GREEN, BLUE, WHITE], by=40)


def test_of_an_animation_the_first_frame_is_shown():
    result, files = made_of(drawn.animation(12, size=400))
    for rendition in result["renditions"]:
        image = opened(files, rendition)
        assert getattr(image, "n_frames", 1) == 1
        assert is_near([image.convert("RGB").getpixel((5, 5))], [RED])


def test_the_same_picture_gives_the_same_files_and_another_original_others():
    one, files = made_of(picture())
    again, same_files = made_of(picture())
    assert one == again
    assert files == same_files
    storage = Memory(picture())
    storage.originals["two"] = storage.originals["one"]
    other = handle({"original": "two"}, storage)
    assert not {r["name"] for r in other["renditions"]} & {r["name"] for r in one["renditions"]}


def test_files_of_one_picture_share_a_folder_whose_name_is_a_hash():
    result, files = made_of(picture(800, 600))
    folders = {name.partition("/")[0] for name in files}
    assert len(folders) == 1
    assert len(folders.pop()) == 64
    assert set(files) == {r["name"] for r in result["renditions"]}


@pytest.mark.parametrize("width", [1, 399, 1500, 1600, 1919, 1920, 2399, 2400, 6000])
def test_every_name_is_one_the_job_could_name_beforehand(width):
    result, files = made_of(picture(width, 20))
    assert set(files) <= set(handler.names("one"))
    names = [rendition["name"] for rendition in result["renditions"]]
    assert len(set(names)) == len(names)
    assert "/1." in names[0], "the largest is number 1"


def test_a_script_behind_a_picture_is_gone_from_what_is_made():
    original = drawn.polyglot()
    assert b"<script>" in original
    _result, files = made_of(original)
    assert files
    assert not any(b"script" in content or b"<?php" in content for content in files.values())


@pytest.mark.parametrize(
    ("original", "code"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_a_picture"),
        (b"<!doctype html><script>alert(1)</script>", "not_a_picture"),
        (b"GIF89a<script>alert(1)</script>", "not_a_picture"),
        (b"%PDF-1.7 nothing", "not_a_picture"),
        (saved(quarters(), "TIFF"), "not_a_picture"),
        (saved(quarters(), "BMP"), "not_a_picture"),
        (saved(quarters(), "ICO"), "not_a_picture"),
        (saved(quarters(), "EPS"), "not_a_picture"),
        (picture(400, 300, "JPEG")[:2000], "damaged"),
        (picture(400, 300, "PNG")[:-40], "damaged"),
        (picture(400, 300, "WEBP")[:-40], "damaged"),
        (drawn.lying_png(5000, 5000), "damaged"),
    ],
)
def test_what_is_no_whole_picture_of_ours_is_refused_with_a_sentence(original, code):
    result, files = made_of(original)
    assert result["code"] == code, result
    assert result["error"] == handler.SENTENCES[code]
    assert not files


def test_an_original_that_is_gone_is_an_answer_and_no_crash():
    assert handle({"original": "nowhere"}, Memory(b""))["code"] == "missing"


def test_what_the_storage_raises_is_raised():
    class Away(Memory):
        def write(self, name, content, content_type):
            raise ConnectionError("the storage is away")

    with pytest.raises(ConnectionError):
        handle({"original": "one"}, Away(picture()))


def test_a_header_says_enough_for_the_form(tmp_path):
    path = tmp_path / "turned"
    path.write_bytes(drawn.with_exif(quarters(400, 300), "JPEG", 6))
    assert inspect(path) == {"format": "JPEG", "width": 300, "height": 400}


def test_a_child_that_can_not_start_is_an_error_to_try_again_and_no_fault_of_the_picture(monkeypatch):
    monkeypatch.setattr(handler, "RENDER", FOLDER / "nowhere.py")
    with pytest.raises(RuntimeError, match=r"could not start"):
        made_of(picture())


def test_it_runs_where_there_is_no_django_and_nothing_of_this_repository(tmp_path):
    """As it is deployed: its folder alone, and only Pillow beside it."""
    for file in FOLDER.glob("*.py"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "p.jpg").write_bytes(picture(500, 400, "JPEG"))
    script = (
        "import sys, importlib.abc\n"
        "class No(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.partition('.')[0] in ('django', 'celery', 'apps', 'seam', 'monolith'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "import handler\n"
        "class S:\n"
        "    def read(self, name): return open(name, 'rb').read()\n"
        "    def write(self, name, content, content_type): print(name)\n"
        "print(handler.handle({'original': 'p.jpg'}, S())['width'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "500"


def test_its_files_import_only_python_and_pillow():
    allowed = sys.stdlib_module_names | {"PIL"}
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= allowed, f"{file.name}: {names}"
