"""The picture files that records name: found in their folder, never outside it, and handed to media."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from uuid import UUID, uuid4

from django.core.files import File
from django.core.files.storage import storages
from django.utils.translation import gettext as _

from apps.catalog import kept
from apps.catalog.models import Picture
from apps.catalog.pictures import copy_of
from apps.media.contract import AssetStatus, Media, PictureRefused, StorageAway
from functions.catalog_import_chunk.records import RecordProblem
from functions.catalog_import_chunk.rules import Mapping
from seam import atomic, use


class Pictures:
    """`folder` None: no folder is known, so no picture is found. `owner_id`: whose the pictures will be.

    `are_ids`: records name no files but pictures that media has.
    """

    def __init__(self, folder: Path | None, owner_id: UUID | None = None, *, are_ids: bool = False) -> None:
        self._are_ids = are_ids
        self._folder = folder.resolve() if folder else None
        self._owner_id = owner_id
        # One file may be named by many records.
        self._handed_over = lru_cache(maxsize=10_000)(_hand_over)

    def is_missing(self, name: str) -> bool:
        """Before anything is taken: whether it can be told that there is no such picture."""
        return not self._are_ids and self.find(name) is None

    def find(self, name: str) -> Path | None:
        """The file of that name; None when it isn't there or would lie outside the folder."""
        if self._folder is None or "\0" in name:
            return None
        try:
            path = (self._folder / name).resolve()
            return path if path.is_relative_to(self._folder) and path.is_file() else None
        except OSError:  # a name too long for the file system
            return None

    def signatures(self, names: Iterable[str]) -> list[str]:
        """One text for each file, which changes when the file does."""
        return [_signature(self.find(name)) for name in names]

    def _known(self, text: str) -> UUID:
        """The asset of that id. Media tells of a picture but once, so a copy we have not is made."""
        try:
            asset_id = UUID(text)
            if Picture.objects.filter(pk=asset_id).exists():
                return asset_id
            (asset,) = use(Media).list_assets_by_id(ids=[asset_id])
        except (ValueError, StorageAway) as error:
            raise RecordProblem(_("There is no picture %(id)s here.") % {"id": text[:40]}) from error
        if asset.status == AssetStatus.READY:
            with atomic("catalog"):
                kept.lock()
                Picture.objects.bulk_create([copy_of(asset)], ignore_conflicts=True)
        return asset.id

    def take(self, name: str, alt: str) -> UUID:
        """Give the file to media; its asset. Raises RecordProblem where there is none, or it is no picture."""
        if self._are_ids:
            return self._known(name)
        path = self.find(name)
        if path is None or self._owner_id is None:
            raise RecordProblem(
                _("There is no picture file “%(name)s” in %(folder)s.")
                % {"name": name, "folder": self._folder}
            )
        try:
            return self._handed_over(self._owner_id, path, alt)
        except (PictureRefused, StorageAway, OSError) as error:
            raise RecordProblem(f"{name}: {error}") from error


def _hand_over(owner_id: UUID, path: Path, alt: str) -> UUID:
    """Bytes don't cross the seam: the file goes into a storage all contexts share, and its name across."""
    incoming = f"{uuid4().hex}/{path.name}"
    with path.open("rb") as file:
        storages["incoming"].save(incoming, File(file))
    return use(Media).take_incoming(owner_id=owner_id, name=incoming, alt=alt).id


def folder_of(mapping: Mapping, given: Path | None, beside: Path | None) -> Path | None:
    """`given` on the command line wins; else the mapping's folder `beside` the data file."""
    if given or not mapping.pictures or beside is None:
        return given
    return beside / mapping.pictures.folder


def _signature(path: Path | None) -> str:
    if path is None:
        return ""
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"
