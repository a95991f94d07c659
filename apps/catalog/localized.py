"""What items, categories and attributes are called in a language; what has no translation keeps its own words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language

Translations = Mapping[str, Mapping[str, str]]


def localized(own: str, translations: Translations, name: str, language: str) -> str:
    return translations.get(language, {}).get(name) or own


class Titled(Protocol):
    title: Any
    translations: Any


def title_of(row: Titled) -> str:
    """An item's or a category's in the language that is active."""
    return localized(row.title, row.translations, "title", get_language() or "en")


def shown_value(text: str, kind: str) -> str:
    """An attribute's value in the language that is active: 1,234.5 or 1.234,5; a date in words."""
    if kind == "number":
        number = Decimal(text)
        places = -int(number.as_tuple().exponent)
        # Whole numbers are mostly years and counts: 1840 is no 1,840.
        return number_format(number, max(places, 0), force_grouping=abs(number) >= 10_000)
    return date_format(date.fromisoformat(text), "DATE_FORMAT") if kind == "date" else text


def label_of(attribute: Mapping[str, Any], language: str) -> str:
    return localized(attribute["label"], attribute["translations"], "label", language)
