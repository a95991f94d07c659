"""PUBLIC: `handle(data, storage) -> data`, the renditions of one picture. No Django, no database, no state."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, Protocol

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


class Storage(Protocol):
    """Where originals are read from and renditions written to; only the names in `data` and in the result."""

    def open(self, name: str) -> IO[bytes]: ...

    def save(self, name: str, content: IO[bytes]) -> None:
        """Keep `content` under `name`; the same name again is the same bytes and may be skipped."""
        ...


def handle(data: dict[str, Any], storage: Storage) -> dict[str, Any]:
    """Make the renditions of the picture stored as `data["original"]`.

    The answer has the upright original's `width` and `height` in pixels, a `placeholder` data URI, and
    `renditions`: `format` (avif, webp, jpeg or png), `width`, `height`, `bytes` and `name` in the storage. All
    files of a picture share one folder named by a SHA-256 of the original's name and of all their bytes, so a name
    never means other bytes. For a picture that can't be shown: `error` (a sentence) and `code` (see SENTENCES).
    Raises what the storage raises.
    """
    with tempfile.TemporaryDirectory(prefix="renditions-") as temporary:
        picture, folder = Path(temporary, "picture"), Path(temporary, "made")
        folder.mkdir()
        try:
            with storage.open(data["original"]) as source, picture.open("wb") as target:
                shutil.copyfileobj(source, target)
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
    command = [sys.executable, str(RENDER), verb, *map(str, paths)]
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
    digest = hashlib.sha256(original.encode())
    for rendition in renditions:
        digest.update(folder.joinpath(rendition["name"]).read_bytes())
    for rendition in renditions:
        path = folder / rendition["name"]
        rendition["bytes"] = path.stat().st_size
        rendition["name"] = f"{digest.hexdigest()}/{rendition['name']}"
        with path.open("rb") as file:
            storage.save(rendition["name"], file)
