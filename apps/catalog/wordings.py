"""What search keeps of an item: its words in every language, folded, each once."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.catalog.models import SearchDocument
from apps.catalog.text import words
from apps.catalog.wholes import Whole

# Before every word, stored and asked for: no word is then too short for InnoDB's full-text index (3 letters)
# or one of its stop words. Set around by spaces, so that ` xxpap` finds words that begin with "pap".
MARK = "xx"
# Among the places of a document: its item has a price.
PRICED = "p"


def marked(word: str) -> str:
    return MARK + word


def document_id(item_id: UUID) -> int:
    """The first 63 bits of the item's random id."""
    return item_id.int >> 65


def document(whole: Whole, category_names: Iterable[str], places: Iterable[str]) -> SearchDocument:
    item = whole.item
    titles = [item.title, *_translated(item.translations, "title")]
    texts = [
        *titles,
        *(text for value in whole.values for text in (value.text, *value.translated.values())),
        *category_names,
        item.description,
        *_translated(item.translations, "description"),
    ]
    return SearchDocument(
        pk=document_id(item.pk),
        item_id=item.pk,
        version=item.version,
        title_words=_line(dict.fromkeys(word for title in titles for word in words(title)))[:1000],
        places=" ".join(places),
        words=_line(marked(word) for word in dict.fromkeys(word for text in texts for word in words(text))),
    )


def _line(found: Iterable[str]) -> str:
    return f" {' '.join(found)} "


def _translated(translations: dict[str, dict[str, str]], name: str) -> list[str]:
    return [texts[name] for texts in translations.values() if texts.get(name)]


def words_in(document: SearchDocument) -> list[str]:
    return [word.removeprefix(MARK) for word in document.words.split()]
