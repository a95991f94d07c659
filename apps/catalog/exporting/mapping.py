"""The mapping file that goes with an export: with it the import makes the same catalogue again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings

from apps.catalog.exporting.records import LEVEL, MARK, Column, languages
from apps.catalog.models import Category, Kind

NAME = "export"


def mapping(format_: str, columns: Sequence[Column]) -> Iterator[str]:
    """TOML, a table at a time."""
    is_flat = format_ in ("csv", "tsv")
    split = {"split": MARK} if is_flat else {}

    def several(name: str) -> dict[str, Any]:
        return {"source": name if is_flat else f"{name}[]"} | split

    yield _table("", {"name": NAME})
    yield _table("file", {"format": format_, "encoding": "utf-8", "escapes": True})
    texts = {"key": "key", "slug": "slug", "title": "title", "description": "description"}
    yield _table(
        "item", texts | {"status_source": "status", "published_at": "published_at", "order": "order"}
    )
    for language in languages():
        place = f"translations.{language}"
        yield _table(f"item.{place}", {"title": f"{place}.title", "description": f"{place}.description"})
    yield _table("price", {"source": "price", "currency_source": "currency"})
    yield _table("pictures", several("pictures") | {"ids": True})
    yield _table("[categories]", several("categories") | {"levels": LEVEL})
    for column in columns:
        yield _table("[attributes]", {**_described(column), **several(f"attributes.{column.name}")})
    for category in Category.objects.order_by("path").iterator(chunk_size=500):
        yield _table("[tree]", _category(category))


def _described(column: Column) -> dict[str, Any]:
    attribute = column.attribute
    others = {code: texts for code, texts in attribute.translations.items() if code != settings.LANGUAGE_CODE}
    labels = _labels(others, "label")
    if column.label != attribute.label:
        labels = {settings.LANGUAGE_CODE: attribute.label} | labels
    values = {code: texts["values"] for code, texts in others.items() if "values" in texts}
    return {
        "name": column.label,
        "type": column.kind,
        "labels": labels,
        "values": values if column.kind == Kind.TEXT else {},
        "pages": attribute.is_browsable,
        "filter": attribute.is_facet,
        "position": attribute.position,
    }


def _category(category: Category) -> dict[str, Any]:
    return {
        "path": category.path,
        "title": category.title,
        "labels": _labels(category.translations, "title"),
        "position": category.position,
    }


def _labels(translations: dict[str, dict[str, str]], name: str) -> dict[str, str]:
    return {language: texts[name] for language, texts in translations.items() if texts.get(name)}


def _table(name: str, values: dict[str, Any]) -> str:
    head = f"[{name}]\n" if name else ""
    return head + "".join(f"{key} = {_value(value)}\n" for key, value in values.items()) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)} = {_value(one)}" for key, one in value.items()) + "}"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """A basic string of TOML is one of JSON, but for the one control character that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
