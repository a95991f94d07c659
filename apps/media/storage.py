"""Where the bytes are: originals (private), renditions (public), what is on its way in; by Django's storage API.

Besides that API each of the three has, whatever keeps the files (folder.py, bucket.py):
`stat(name)`, `part(name, range)`, `url_to_read(name, seconds=…)`, `url_to_write(name, seconds=…, content_type=…)`
and `trouble()`. All of them raise StorageAway when the files can't be reached, FileNotFoundError when there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from django.core.files.storage import storages

if TYPE_CHECKING:
    from apps.media.bucket import Bucket
    from apps.media.folder import Folder


Files: TypeAlias = "Folder | Bucket"
KINDS = ("originals", "renditions", "incoming")
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
SHARD = 2  # letters of its digest that name an original's folder
IMMUTABLE = f"public, max-age={365 * 24 * 3600}, immutable"


def originals() -> Files:
    return kept("originals")


def renditions() -> Files:
    return kept("renditions")


def incoming_files() -> Files:
    return kept("incoming")


def kept(kind: str) -> Files:
    return cast("Files", storages[kind])


def tag_of(rendition: str) -> str:
    """What a cache in front of the site knows the renditions of one picture by."""
    return f"picture-{rendition.partition('/')[0][:32]}"


def every_file(storage: Files, folder: str = "") -> Iterator[str]:
    """The name of every file that is whole, in `folder`, which ends with a slash, and below it."""
    try:
        folders, found = storage.listdir(folder)
    except FileNotFoundError:  # nobody has kept one, or it was removed meanwhile
        return
    yield from (f"{folder}{name}" for name in sorted(found))
    for inner in sorted(folders):
        if not inner.startswith("."):
            yield from every_file(storage, f"{folder}{inner}/")


@dataclass(frozen=True)
class Trouble:
    """Why files can't be kept, and what to do about it. `passes`: perhaps it is over in a while by itself."""

    sentence: str
    passes: bool = False


def remove_files(data: dict[str, Any]) -> None:
    """The work of the job of that name: forget the files it names; those already gone are no error."""
    for name in data["originals"]:
        originals().delete(name)
    for name in data["renditions"]:
        renditions().delete(name)
