"""An upload on its way in: streamed to a file of its own while it is counted and hashed, then looked at."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from apps.media.folder import disk
from apps.media.reasons import PictureRefused
from functions.media_renditions.handler import inspect

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Incoming:
    """A picture that may be kept: what it is by its bytes; nothing of what its sender says is believed."""

    path: Path
    sha256: str
    bytes: int
    format: str
    width: int
    height: int


@contextmanager
def received(file: IO[bytes]) -> Iterator[Incoming]:
    """The upload in a temporary file. Raises PictureRefused, StorageAway before anything is kept."""
    with tempfile.NamedTemporaryFile(prefix="upload-") as target:
        sha256, size = _copy(file, target)
        with disk():
            target.flush()
        yield _looked_at(Path(target.name), sha256, size)


def _copy(file: IO[bytes], target: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    _refuse_beyond_limit(getattr(file, "size", 0))  # what came in by a form says what it had
    file.seek(0)
    while chunk := file.read(CHUNK):
        size += len(chunk)
        _refuse_beyond_limit(size)
        digest.update(chunk)
        with disk():
            target.write(chunk)
    if not size:
        raise PictureRefused("empty")
    return digest.hexdigest(), size


def _refuse_beyond_limit(size: int) -> None:
    if size > settings.MEDIA_MAX_UPLOAD_MB * 10**6:
        raise PictureRefused("too_large", limit=settings.MEDIA_MAX_UPLOAD_MB)


def _looked_at(path: Path, sha256: str, size: int) -> Incoming:
    _refuse_other_formats(path)
    facts: dict[str, Any] = inspect(path)
    if "error" in facts:
        raise PictureRefused(facts["code"], **facts["facts"])
    return Incoming(path=path, sha256=sha256, bytes=size, **facts)


def _refuse_other_formats(path: Path) -> None:
    """By the first bytes: most of what is no picture needs no process of its own to be told so."""
    with path.open("rb") as file:
        head = file.read(12)
    known = head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))
    if not (known or head[:4] + head[8:] == b"RIFFWEBP" or head[4:8] == b"ftyp"):
        raise PictureRefused("not_a_picture")
