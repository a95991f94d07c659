"""What items, categories and attributes are called in a language; what has no translation keeps its own words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language

from apps.catalog.text import slug_of

Translations = Mapping[str, Mapping[str, Any]]
NONE: Translations = {}
OWN = settings.LANGUAGE_CODE  # the language of what a thing says itself, which no translation is in


def without_own(translations: Mapping[str, Any]) -> dict[str, Any]:
    """Older imports and programs kept some in the site's own language; what no form shows would hide what it does."""
    return {code: texts for code, texts in translations.items() if code != OWN}


def localized(own: str, translations: Translations, name: str, language: str) -> str:
    words: str | None = translations.get(language, {}).get(name)
    return words or own


class Titled(Protocol):
    title: Any
    translations: Any


def title_of(row: Titled) -> str:
    """An item's or a category's in the language that is active."""
    return localized(row.title, row.translations, "title", get_language() or "en")


def shown_value(text: str, kind: str, translations: Translations = NONE) -> str:
    """An attribute's value in the language that is active: Oak or Roble, which the attribute's `translations` say;
    1,234.5 or 1.234,5; a date in words."""
    if kind == "number":
        number = Decimal(text)
        places = -int(number.as_tuple().exponent)
        # Whole numbers are mostly years and counts: 1840 is no 1,840.
        return number_format(number, max(places, 0), force_grouping=abs(number) >= 10_000)
    if kind == "date":
        return date_format(date.fromisoformat(text), "DATE_FORMAT")
    names: Mapping[str, str] = translations.get(get_language() or "en", {}).get("values", {})
    return names.get(slug_of(text), text) if names else text


def subtitle_of(item: Mapping[str, Any], language: str) -> str:
    """Of a row with `subtitle` and `subtitles`: its first attribute's value."""
    own: str = item["subtitle"]
    return (item["subtitles"] or {}).get(language, own)


def label_of(attribute: Mapping[str, Any], language: str) -> str:
    return localized(attribute["label"], attribute["translations"], "label", language)
