"""Somebody's originals as one ZIP, made while it is sent: of the pictures no more than a piece is ever in memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from uuid import UUID
from zipfile import ZipFile, ZipInfo

from django.utils.translation import gettext as _

from apps.media.delivery import file_name
from apps.media.models import Asset
from apps.media.paging import newest, page_of
from apps.media.storage import originals

PAGE = 100
MISSING = "MISSING.txt"


class Sent:
    """The file that zipfile writes to, as far as it has not been taken yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def archive(owner_id: UUID) -> Iterator[bytes]:
    """The newest first, stored as they are, since pictures are compressed already.

    A file that is lost is named in MISSING.txt, in the language of whoever begins. Raises StorageAway, which
    breaks an archive off that has begun: half of it must not look like all.
    """
    pieces = _written(owner_id, _("These pictures are in your library, but their files are lost:"))
    return _going_on(next(pieces), pieces)


def _going_on(first: bytes, pieces: Generator[bytes]) -> Iterator[bytes]:
    """The first was asked for at once, so that files that are away are known of before the answer has begun."""
    with closing(pieces):
        yield first
        yield from pieces


def _written(owner_id: UUID, sentence: str) -> Generator[bytes]:
    sent, names, lost = Sent(), Names(), []
    with ZipFile(sent, "w") as zipped:  # type: ignore[call-overload]
        for asset in _every(owner_id):
            name, pieces = names.of(file_name(asset)), _pieces(asset)
            try:
                piece = next(pieces, b"")
            except FileNotFoundError:
                lost.append(name)
                continue
            with zipped.open(_entry(name, asset), "w") as entry:
                while piece:
                    entry.write(piece)
                    yield sent.taken()
                    piece = next(pieces, b"")
        if lost:
            zipped.writestr(MISSING, "\n".join([sentence, "", *lost, ""]))
    yield sent.taken()


def _entry(name: str, asset: Asset) -> ZipInfo:
    entry = ZipInfo(name, asset.created_at.timetuple()[:6])
    entry.file_size = asset.original.bytes  # from 2 GiB on they take more room in front of the file
    return entry


def _pieces(asset: Asset) -> Iterator[bytes]:
    """Asked for with the first of them; `yield from` closes the file when the reader hangs up."""
    yield from originals().part(asset.original.name, range(asset.original.bytes))


def _every(owner_id: UUID) -> Iterator[Asset]:
    after = None
    while True:
        page, after = page_of(newest().filter(owner_id=owner_id), limit=PAGE, after=after)
        yield from page
        if not after:
            return


class Names:
    """Each name once, whatever the case of its letters: a second `dunes.png` is `dunes (2).png`."""

    def __init__(self) -> None:
        self._times = {MISSING.casefold(): 1}

    def of(self, wanted: str) -> str:
        name, key, (stem, dot, suffix) = wanted, wanted.casefold(), wanted.rpartition(".")
        while name.casefold() in self._times:
            self._times[key] += 1
            name = f"{stem} ({self._times[key]}){dot}{suffix}"
        self._times[name.casefold()] = 1
        return name
