"""manage.py copy_media: brings all pictures from another folder or bucket to where they are kept now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import StorageHandler
from django.core.management.base import BaseCommand, CommandError

from apps.media.contract import StorageAway
from apps.media.storage import Files, every_file, kept
from monolith import files

KINDS = ("originals", "renditions")  # what is on its way in is there for seconds only


class Command(BaseCommand):
    help = (
        "Copy the pictures of another folder or bucket that are not here yet to where STORAGE_URL or MEDIA_ROOT says "
        "that they are kept. Each copy is read again and compared. Nothing is removed. May be run again."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "source", help="a folder (what was MEDIA_ROOT) or an s3://… URL (what was STORAGE_URL)"
        )

    def handle(self, *args: Any, source: str, **options: Any) -> None:
        copied = present = 0
        try:
            for kind, there in _source(source).items():
                for name in every_file(there):
                    if copy(there, kept(kind), name):
                        copied += 1
                    else:
                        present += 1
        except StorageAway as error:
            raise CommandError(
                f"{error} {copied} files were copied before; run this again for the others."
            ) from error
        self.stdout.write(f"{copied} files copied, {present} were here already.")


def _source(source: str) -> dict[str, Files]:
    """Raises CommandError for what is no place of pictures."""
    url = source if "://" in source else ""
    folder = Path(source).resolve()
    if not url and not any((folder / kind).is_dir() for kind in KINDS):
        raise CommandError(
            f"{folder} holds no pictures: a folder called originals or renditions is looked for."
        )
    try:
        there = files.storages(url, folder, largest=settings.MEDIA_MAX_UPLOAD_MB * 10**6)
    except ImproperlyConfigured as error:
        raise CommandError(f"The source is read as a STORAGE_URL is. {error}") from error
    handler = StorageHandler(there)  # type: ignore[arg-type]
    if any(there[kind] == settings.STORAGES[kind] for kind in KINDS):
        raise CommandError(
            "The pictures are kept there already. Set STORAGE_URL or MEDIA_ROOT to the new place."
        )
    return {kind: handler[kind] for kind in KINDS}  # type: ignore[misc]


def copy(source: Files, target: Files, name: str) -> bool:
    """Whether there was something to do. Raises StorageAway, also when the copy is not what was copied."""
    try:
        size, _written = source.stat(name)
        if _size(target, name) == size:
            return False
        with source.open(name) as file:
            target.save(name, file)
    except FileNotFoundError:  # deleted meanwhile
        return False
    if _digest(source, name, size) != _digest(target, name, size):
        target.delete(name)  # it is as long as it should be: the next run would take it for the copy
        raise StorageAway(f"The copy of {name} is not what was copied.")
    return True


def _size(storage: Files, name: str) -> int | None:
    try:
        return storage.stat(name)[0]
    except FileNotFoundError:
        return None


def _digest(storage: Files, name: str, size: int) -> bytes:
    digest = hashlib.sha256()
    for chunk in storage.part(name, range(size)):
        digest.update(chunk)
    return digest.digest()
