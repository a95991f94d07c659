"""Files in a folder, local or a mount that several machines share (EFS, NFS). The only place that knows of paths."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from apps.media import tickets
from apps.media.contract import StorageAway
from apps.media.storage import Trouble

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
PARTIAL = ".partial"
# Far longer than any write takes: what is older was left by a process that was killed.
LEFT_BEHIND_SECONDS = 24 * 3600
SWEEP_SECONDS = 3600


class Folder(FileSystemStorage):
    """A folder in which a file is either whole or not there, for every machine that mounts it.

    Saving under a name that exists replaces the file: our names say what is in it, so the bytes are the same. Neither
    locks nor times of the file system are relied on. Modes are what the umask leaves.
    """

    def __init__(self, *, kind: str, largest: int, **options: Any) -> None:
        """`largest`: bytes that `url_to_write` lets through."""
        super().__init__(**{"allow_overwrite": True, **options})
        self.kind, self.largest = kind, largest
        self._next_sweep = 0.0

    def _save(self, name: str, content: Any) -> str:
        """Written beside, flushed to the disk, then renamed, which the file system does at once or not at all."""
        final = Path(self.path(name))
        with disk():
            self._sweep()
            partial = self._new_partial()
        try:
            _write(partial, content)
            with disk():
                _put(partial, final)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return name

    def _new_partial(self) -> Path:
        folder = Path(self.location, PARTIAL)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{int(time.time())}-{uuid.uuid4().hex}"

    def _sweep(self) -> None:
        """Now and then, remove what writers left that were killed; the name says when it was begun."""
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + SWEEP_SECONDS
        for path in Path(self.location, PARTIAL).glob("*-*"):
            begun = path.name.partition("-")[0]
            if begun.isdigit() and int(begun) < time.time() - LEFT_BEHIND_SECONDS:
                path.unlink(missing_ok=True)

    def _open(self, name: str, mode: str = "rb") -> Any:
        with disk():
            return super()._open(name, mode)  # type: ignore[misc]

    def exists(self, name: str) -> bool:
        with disk():
            return super().exists(name)

    def delete(self, name: str) -> None:
        with disk():
            super().delete(name)
            try:
                Path(self.path(name)).parent.rmdir()
            except OSError:  # not empty, or somebody else has removed it
                pass

    def stat(self, name: str) -> tuple[int, datetime]:
        """Bytes, and when it was written."""
        with disk():
            found = os.stat(self.path(name))
        return found.st_size, datetime.fromtimestamp(found.st_mtime, UTC)

    def part(self, name: str, wanted: range) -> Iterator[bytes]:
        """Opened when the first byte is taken, so that a response nobody reads leaves no file open."""
        with self.open(name) as file:
            file.seek(wanted.start)
            left = len(wanted)
            while left and (chunk := file.read(min(left, CHUNK))):
                left -= len(chunk)
                yield chunk

    def url_to_read(self, name: str, *, seconds: int) -> str:
        """An absolute URL that gives this one file by GET for so long, at most a week, to whoever has it."""
        self.path(name)  # refuses to leave the folder
        return tickets.url("GET", self.kind, name, seconds=seconds)

    def url_to_write(self, name: str, *, seconds: int, content_type: str) -> str:
        """An absolute URL that takes this one file by PUT for so long, at most a week, with that Content-Type.

        At most `largest` bytes. A second PUT replaces the file.
        """
        self.path(name)
        return tickets.url(
            "PUT", self.kind, name, seconds=seconds, content_type=content_type, largest=self.largest
        )

    def trouble(self) -> Trouble | None:
        """Why files can't be kept here, if so."""
        try:
            partial = self._new_partial()
            partial.touch()
            partial.unlink()
        except OSError as error:
            return Trouble(
                f"Pictures can't be kept in {self.location} ({error.strerror}). Make the folder writable for this "
                "user, mount what should be there, or name another by MEDIA_ROOT."
            )
        return None


@contextmanager
def disk() -> Iterator[None]:
    """A disk that is full, read-only or gone: for whoever asks it is all the same, try again later."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        log.warning("files can't be read or written: %s", error)
        raise StorageAway(f"Files can't be read or written: {error}.") from error


def _write(path: Path, content: Any) -> None:
    """What goes wrong while `content` is read is no fault of the folder, and is raised as it is."""
    with disk():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        for chunk in content.chunks():
            left = memoryview(chunk)
            with disk():
                while left:
                    left = left[os.write(descriptor, left) :]
        with disk():
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put(partial: Path, final: Path) -> None:
    """Rename; again when somebody has just removed the folder because it was empty."""
    for tries_left in reversed(range(5)):
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.replace(final)
            _flush(final.parent)
            return
        except FileNotFoundError as error:
            if not tries_left:
                raise StorageAway(f"{partial} was removed while it was written.") from error


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
