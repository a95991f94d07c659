"""Folding, words, slugs and sort keys: how text becomes what machines compare."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from decimal import Decimal
from uuid import UUID

# Letters that carry no combining mark and so survive decomposition.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"}
)
WORD = re.compile(r"[^\W_]+")
_FAITHFUL = re.compile(r"[a-z0-9 ,.:;!?'’“”\"()\[\]/&–-]*")

WORD_LENGTH = 40
SORT_LENGTH = 24
UNPRICED = "~"  # sorts after every price


def fold(text: str) -> str:
    """Lower case without accents: what a person types and what is stored meet here."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_PLAIN)


def words(text: str) -> list[str]:
    """The folded words of a text in their order, each cut to WORD_LENGTH characters."""
    return [word[:WORD_LENGTH] for word in WORD.findall(fold(text))]


def slug_of(text: str, length: int = 80) -> str:
    """The part of a URL that stands for `text`.

    Texts that differ in case, accents and plain punctuation only share a slug. Where the slug would say
    less than the text (another script, signs, too long) eight digits of the text's SHA-256 keep it apart.
    """
    folded = fold(text).strip()
    slug = "-".join(re.findall(r"[a-z0-9]+", folded))
    if slug and len(slug) <= length and _FAITHFUL.fullmatch(folded):
        return slug
    digest = hashlib.sha256(folded.encode()).hexdigest()[:8]
    return f"{slug[: length - 9].rstrip('-')}-{digest}".lstrip("-")


def title_key(title: str, item_id: UUID) -> str:
    """Sorts by title: letters and digits before the rest; ends with the item so that hardly two are the same."""
    return f"{' '.join(words(title))[:SORT_LENGTH]:{SORT_LENGTH}}{item_id.hex[:8]}"


def price_key(price: Decimal | None, item_id: UUID) -> str:
    """Sorts by price, lowest first, what has no price last; ends with the item, like title_key."""
    return f"{UNPRICED if price is None else f'{price:015.2f}'}{item_id.hex[:8]}"
