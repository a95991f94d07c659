"""PUBLIC: `handle(data, storage) -> data`, the renditions of one picture. No Django, no database, no state."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

RENDER = Path(__file__).with_name("render.py")
WALL_SECONDS = 120  # twice the CPU seconds render.py allows itself

# What a picture's owner reads. A code is stable; whoever shows it in another language translates by it.
SENTENCES = {
    "not_a_picture": "This is not a picture we can show. Use JPEG, PNG, WebP, AVIF or GIF.",
    "too_many_pixels": "This picture has {megapixels} megapixels; the most we can take is {limit}. "
    "Make it smaller and try again.",
    "too_many_frames": "This animation has {frames} frames, more than we can take. "
    "Save its first frame as a picture and try again.",
    "damaged": "This file is damaged or incomplete. Save it again from where it came from and try once more.",
    "too_heavy": "This picture takes too much memory or time to open. Save it as JPEG or PNG and try again.",
    "missing": "The file of this picture is no longer here. Upload it again.",
}


SIZES = 4  # no picture gets more
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}


class Storage(Protocol):
    """Where originals are read from and renditions written to; only the names in `data` and of `names`."""

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, content: bytes, content_type: str) -> None:
        """Keep `content` under `name`, in place of what is there."""
        ...


def names(original: str) -> dict[str, str]:
    """Every name a rendition of that original can have, with its content type; the largest is number 1.

    They share a folder named by a SHA-256 of the original's name, which is another for each upload. Begun twice, a
    job writes the same files twice.
    """
    folder = hashlib.sha256(original.encode()).hexdigest()
    return {
        f"{folder}/{number}.{suffix}": content_type
        for number in range(1, SIZES + 1)
        for suffix, content_type in CONTENT_TYPES.items()
    }


def handle(data: dict[str, Any], storage: Storage) -> dict[str, Any]:
    """Make the renditions of the picture stored as `data["original"]`.

    The answer has the upright original's `width` and `height` in pixels, a `placeholder` data URI, and
    `renditions`: `format` (avif, webp, jpeg or png), `width`, `height`, `bytes` and `name` in the storage, which is
    one of `names`. For a picture that can't be shown: `error` (a sentence) and `code` (see SENTENCES).
    Raises what the storage raises.
    """
    with tempfile.TemporaryDirectory(prefix="renditions-") as temporary:
        picture, folder = Path(temporary, "picture"), Path(temporary, "made")
        folder.mkdir()
        try:
            picture.write_bytes(storage.read(data["original"]))
        except FileNotFoundError:
            return refusal("missing")
        result = in_child("render", picture, folder)
        if "error" not in result:
            _store(result["renditions"], folder, data["original"], storage)
        return result


def inspect(picture: Path) -> dict[str, Any]:
    """`format`, `width` and `height` from a file's header, or `error` and `code`; about 0.1 s."""
    return in_child("inspect", picture)


def in_child(verb: str, *paths: Path) -> dict[str, Any]:
    """Run render.py on hostile bytes: whatever they do to it, this process reads an answer or sees that none came."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # Each arena of glibc reserves 64 MB, which would count against the child's limit.
        "MALLOC_ARENA_MAX": "2",
    }
    # Without `site`: what it would find stands in PYTHONPATH already.
    command = [sys.executable, "-S", str(RENDER), verb, *map(str, paths)]
    try:
        child = subprocess.run(
            command, capture_output=True, timeout=WALL_SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return refusal("too_heavy")
    if child.returncode < 0:  # a signal: out of CPU seconds, out of memory, or a decoder that crashed
        return refusal("too_heavy")
    if child.returncode:
        raise RuntimeError(f"render.py could not start: {child.stderr.decode(errors='replace')[-2000:]}")
    answer: dict[str, Any] = json.loads(
        child.stdout.splitlines()[-1]
    )  # a decoder may have had its say before
    return refusal(answer.pop("error"), **answer) if "error" in answer else answer


def refusal(code: str, **facts: int) -> dict[str, Any]:
    return {"error": SENTENCES[code].format(**facts), "code": code, "facts": facts}


def _store(renditions: list[dict[str, Any]], folder: Path, original: str, storage: Storage) -> None:
    """Save the files and complete what `renditions` says of them."""
    shared = hashlib.sha256(original.encode()).hexdigest()
    widths = list(dict.fromkeys(rendition["width"] for rendition in renditions))
    for rendition in renditions:
        made = folder / rendition["name"]
        rendition["bytes"] = made.stat().st_size
        rendition["name"] = f"{shared}/{widths.index(rendition['width']) + 1}{made.suffix}"
        storage.write(rendition["name"], made.read_bytes(), CONTENT_TYPES[made.suffix[1:]])
