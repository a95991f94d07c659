"""The picture files that records name: found in their folder, never outside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from apps.catalog.importing.mapping import Mapping


@dataclass(frozen=True)
class PictureFolder:
    """`path` None: no folder is known, so no picture is found."""

    path: Path | None = None

    @classmethod
    def of(cls, mapping: Mapping, given: Path | None, beside: Path | None) -> PictureFolder:
        """`given` on the command line wins; else the mapping's folder `beside` the data file."""
        if mapping.pictures and not given and beside:
            given = beside / mapping.pictures.folder
        return cls(given.resolve() if given else None)

    def find(self, name: str) -> Path | None:
        """The file of that name; None when it isn't there or would lie outside the folder."""
        if self.path is None or "\0" in name:
            return None
        try:
            path = (self.path / name).resolve()
            return path if path.is_relative_to(self.path) and path.is_file() else None
        except OSError:  # a name too long for the file system
            return None

    def signature(self, name: str) -> str:
        """Changes when the file does; "" without one."""
        path = self.find(name)
        if path is None:
            return ""
        stat = path.stat()
        return f"{stat.st_size}-{stat.st_mtime_ns}"
