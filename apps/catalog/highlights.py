"""What was searched for, marked where it was found: words by their beginning, without accents, as the search does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html import escape, unescape

from django.utils.safestring import SafeString, mark_safe

from apps.catalog.search import QUERY_LENGTH, terms_of
from apps.catalog.text import WORD, fold, words

# Where a card (catalog/card.html) holds words; they are escaped, so no "<" is among them.
IN_CARD = re.compile(r'(<h3 class="card__title"><a [^>]*>|<p class="card__meta">)([^<]*)')


def marked(text: str, terms: Sequence[str]) -> SafeString:
    """`text` as HTML, with <mark> around the beginning of each word that begins with one of `terms`."""
    parts: list[str] = []
    end = 0
    for start, stop in _places(text, terms):
        parts += [escape(text[end:start]), f"<mark>{escape(text[start:stop])}</mark>"]
        end = stop
    return mark_safe("".join([*parts, escape(text[end:])]))


def terms(query: str) -> list[str]:
    """The words of a query as they were typed and as the search looks for them, the longest first."""
    return sorted({*terms_of(query), *words(query[:QUERY_LENGTH])}, key=len, reverse=True)


def mark_cards(cards: Iterable[SafeString], query: str) -> list[SafeString]:
    """Ready cards, with what was searched for marked in their titles and what stands below those."""
    wanted = terms(query)
    return [
        mark_safe(IN_CARD.sub(lambda match: match[1] + marked(unescape(match[2]), wanted), card))
        for card in cards
    ]


def _places(text: str, terms: Sequence[str]) -> Iterator[tuple[int, int]]:
    """From where to where in `text`, which is longer or shorter than what is compared."""
    folded = fold(text)
    if not any(term in folded for term in terms):  # most of what a page shows
        return
    came_from = [number for number, character in enumerate(text) for _letter in range(_letters(character))]
    for word in WORD.finditer(folded):
        if term := next((one for one in terms if word[0].startswith(one)), ""):
            stop = came_from[word.start() + len(term) - 1] + 1
            while stop < len(text) and not _letters(text[stop]):  # an accent that stands by itself
                stop += 1
            yield came_from[word.start()], stop


@lru_cache(maxsize=5000)
def _letters(character: str) -> int:
    """How many it is folded to: two of æ, none of an accent."""
    return len(fold(character))
