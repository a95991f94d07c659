"""Where the bytes are: originals (private), renditions (public), what is on its way in; by Django's storage API."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages


def originals() -> Storage:
    return storages["originals"]


def renditions() -> Storage:
    return storages["renditions"]


def incoming_files() -> Storage:
    return storages["incoming"]


class LocalFiles(FileSystemStorage):
    """A folder, local or shared, in which a file is either whole or not there.

    The only place that knows of paths. Saving under a name that exists replaces the file: our names say what is
    in it, so the bytes are the same.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_overwrite": True, **options})

    def _save(self, name: str, content: Any) -> str:
        """Written beside, flushed to the disk, then renamed, which the file system does at once or not at all."""
        partial = Path(self.path(super()._save(f".partial/{uuid.uuid4().hex}", content)))  # type: ignore[misc]
        final = Path(self.path(name))
        try:
            _flush(partial)
            _put(partial, final)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return name

    def delete(self, name: str) -> None:
        super().delete(name)
        try:
            Path(self.path(name)).parent.rmdir()
        except OSError:  # not empty, or somebody else has removed it
            pass


def _put(partial: Path, final: Path) -> None:
    """Rename; again when somebody has just removed the folder because it was empty."""
    for tries_left in reversed(range(5)):
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.replace(final)
            _flush(final.parent)
            return
        except FileNotFoundError:
            if not tries_left:
                raise


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FunctionStorage:
    """What the function behind the rendition job may touch: reads originals, writes renditions."""

    def open(self, name: str) -> IO[bytes]:
        return originals().open(name)

    def save(self, name: str, content: IO[bytes]) -> None:
        if not renditions().exists(name):
            renditions().save(name, File(content))


def remove_files(data: dict[str, Any]) -> None:
    """The work of the job of that name: forget the files it names; those already gone are no error."""
    for name in data["originals"]:
        originals().delete(name)
    for name in data["renditions"]:
        renditions().delete(name)
