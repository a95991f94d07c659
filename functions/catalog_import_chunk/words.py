"""What people read, in English; whoever has other languages says with `speak` how they are found."""

from __future__ import annotations

from collections.abc import Callable


def _english(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


_gettext: Callable[[str], str] = str
_ngettext: Callable[[str, str, int], str] = _english


def speak(gettext: Callable[[str], str], ngettext: Callable[[str, str, int], str]) -> None:
    """Let the process say what it says here in the language of the moment."""
    global _gettext, _ngettext
    _gettext, _ngettext = gettext, ngettext


def gettext(text: str) -> str:
    return _gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    return _ngettext(one, many, count)
