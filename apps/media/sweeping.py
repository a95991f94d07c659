"""Finds files that no row names and removes them; finds rows whose file is gone and says so."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Left
from django.utils import timezone

from apps.media.models import Original
from apps.media.reasons import Size
from apps.media.storage import SHARD, Files, every_file, incoming_files, kept, originals, renditions

log = logging.getLogger(__name__)

# Far longer than any upload takes between its file and its row.
KEEP = timedelta(days=1)
# So many files that nobody names are no leftovers: it is the wrong database, or an old one.
SUSPICIOUS = 100


class Suspicious(Exception):
    """The message says what was found and what to do; nothing was removed."""


@dataclass
class Swept:
    """`found`: files by kind that nobody names; `bytes` they have together. `missing`: names of lost originals."""

    found: dict[str, list[str]] = field(
        default_factory=lambda: {"originals": [], "renditions": [], "incoming": []}
    )
    missing: list[str] = field(default_factory=list)
    known: int = 0
    bytes: int = 0

    @property
    def files(self) -> int:
        return sum(map(len, self.found.values()))

    def note(self, kind: str, names: Iterator[str], before: datetime) -> None:
        """Those of `names` that were written before then."""
        for name in names:
            with suppress(FileNotFoundError):  # removed meanwhile
                size, written = kept(kind).stat(name)
                if written < before:
                    self.found[kind].append(name)
                    self.bytes += size


def sweep(now: datetime, *, remove: bool = True, believe: bool = False) -> Swept:
    """Remove what was written a day or longer before `now` and is named by nobody. May run beside uploads.

    Raises Suspicious where most of the originals are nobody's, unless told to `believe` it; StorageAway.
    """
    swept, before = Swept(), now - KEEP
    swept.note("originals", _unknown_originals(swept), before)
    swept.note("renditions", _unknown_renditions(), before)
    swept.note("incoming", every_file(incoming_files()), before)
    nobodys = len(swept.found["originals"])
    if nobodys > max(SUSPICIOUS, swept.known) and not believe:
        raise Suspicious(
            f"{nobodys} originals are named by nobody, and only {swept.known} are known. That looks like another "
            "site's files, or a database restored from long ago; nothing was removed. When it is right all the same, "
            "run `manage.py sweep_media --believe`."
        )
    if remove:
        for kind, names in swept.found.items():
            for name in names:
                kept(kind).delete(name)
    return swept


def sweep_daily(_data: dict[str, Any]) -> None:
    """The work of the job of that name."""
    swept = sweep(timezone.now())
    if swept.files:
        log.info("%s files nobody names are removed, %s", swept.files, Size(swept.bytes))
    if swept.missing:
        log.warning("%s originals are gone; `manage.py sweep_media --dry-run` names them", len(swept.missing))


def _unknown_originals(swept: Swept) -> Iterator[str]:
    """A folder at a time: what is in it, then what should be, so that an upload in between is known. A folder that is
    not there is not asked for: a bucket has none that is empty, and takes its time to say so."""
    storage = originals()
    folders, loose = _listed(storage)
    yield from loose
    for folder in sorted({*folders, *_named_folders()}):
        there = set(every_file(storage, f"{folder}/")) if folder in folders else set()
        rows = Original.objects.filter(name__gte=f"{folder}/", name__lt=f"{folder}0")  # 0 follows the slash
        named = set(rows.values_list("name", flat=True))
        swept.known += len(named)
        swept.missing += [name for name in sorted(named - there) if _is_lost(storage, name)]
        yield from sorted(there - named)


def _named_folders() -> set[str]:
    return set(Original.objects.values_list(Left("name", SHARD), flat=True).distinct())


def _is_lost(storage: Files, name: str) -> bool:
    return not storage.exists(name) and Original.objects.filter(name=name).exists()


def _unknown_renditions() -> Iterator[str]:
    """All renditions of a picture share a folder, named after its original (functions/media_renditions)."""
    folders, loose = _listed(renditions())
    yield from loose
    named = Original.objects.values_list("name", flat=True).iterator()
    known = {hashlib.sha256(name.encode()).hexdigest() for name in named}
    for folder in folders:
        if folder not in known:
            yield from every_file(renditions(), f"{folder}/")


def _listed(storage: Files) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage.listdir("")
    except FileNotFoundError:  # nobody has kept anything yet
        return [], []
    return [folder for folder in folders if not folder.startswith(".")], files
