"""“Did you mean …?” for names that people type."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from functions.catalog_import_chunk.words import gettext as _


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with a leading space, or "" when nothing is near."""
    near = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), near, n=1, cutoff=0.6)
    return " " + _("Did you mean “%(name)s”?") % {"name": near[found[0]]} if found else ""
