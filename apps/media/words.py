"""The words a picture is found by: of its title, its alternative text and its file's name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

WORD_LENGTH = 40
WORDS = 100  # of one picture
TERMS = 6  # of one query
BEYOND = "\U0010ffff"  # sorts behind every letter
_WORD = re.compile(r"[^\W_]+")


def words(*texts: str) -> list[str]:
    """Each word once, in lower case and without accents: what a person types and what is stored meet here."""
    decomposed = unicodedata.normalize("NFKD", " ".join(texts).casefold())
    folded = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return list(dict.fromkeys(word[:WORD_LENGTH] for word in _WORD.findall(folded)))


def words_of(title: str, alt: str, file_name: str) -> Iterable[str]:
    return words(title, alt, file_name)[:WORDS]


def terms_of(query: str) -> list[str]:
    return words(query[:200])[:TERMS]
