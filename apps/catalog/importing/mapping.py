"""The mapping file, read and checked (docs/importing.md)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.catalog.attributes import LABEL_LENGTH, LISTED_LENGTH, MOST_NAMES
from apps.catalog.checks import FACT_NAME, can_be_kept
from apps.catalog.localized import OWN, without_own
from apps.catalog.models import MOST_POSITION
from apps.catalog.text import slug_of
from functions.catalog_import_chunk.records import ImportProblem
from functions.catalog_import_chunk.rules import AttributeRules, ItemRules, Mapping, PriceRules, as_table
from functions.catalog_import_chunk.strict import build

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
CATEGORY_TITLE = 200
CURRENCY = re.compile(r"[A-Z]{3}")


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises ImportProblem that names the file and the place in it."""
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ImportProblem(
            _("The mapping %(path)s can't be opened: %(reason)s.") % {"path": path, "reason": error.strerror}
        ) from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise ImportProblem(
            _("The mapping %(path)s can't be read: %(reason)s. It must be TOML in UTF-8.")
            % {"path": path, "reason": error}
        ) from error
    try:
        return parse_mapping(table, default_name=path.stem.lower())
    except ImportProblem as problem:
        raise ImportProblem(f"{path}: {problem}") from problem


def parse_mapping(table: dict[str, Any], default_name: str = "") -> Mapping:
    """A mapping from its table. Raises ImportProblem."""
    mapping = build(Mapping, table)
    mapping = replace(mapping, name=mapping.name or default_name, item=_as_exported_now(mapping.item))
    for problem in _problems(mapping):
        raise ImportProblem(problem)
    return mapping


def _as_exported_now(rules: ItemRules) -> ItemRules:
    """Without the rules for the site's own language that exports wrote once, mostly of empty columns."""
    once = {name: [f"translations.{OWN}.{name}"] for name in ("title", "description")}
    said = rules.translations.get(OWN)
    if said is None or as_table(said) != once:
        return rules
    return replace(rules, translations=without_own(rules.translations))


def _problems(mapping: Mapping) -> Iterator[str]:
    if not NAME.fullmatch(mapping.name):
        yield _(
            "name must be lower-case letters, digits, - and _ (at most 50), not “%(name)s”. It says which "
            "source the keys belong to."
        ) % {"name": mapping.name}
    if mapping.file.delimiter is not None and len(mapping.file.delimiter) != 1:
        yield _("file.delimiter must be one character, not “%(value)s”.") % {"value": mapping.file.delimiter}
    yield from _language_problems(mapping)
    yield from _title_problems(mapping)
    yield from _attribute_problems(mapping.attributes)
    yield from _position_problems(mapping)
    if mapping.price:
        yield from _price_problems(mapping.price)


def _language_problems(mapping: Mapping) -> Iterator[str]:
    if OWN in mapping.item.translations:
        yield _(
            "%(where)s: %(own)s is the site's own language, that of item.title and item.description. Say there what "
            "stands here."
        ) % {"where": f"item.translations.{OWN}", "own": OWN}
    known = [code for code, _name in settings.LANGUAGES]
    used = {f"item.translations.{code}": code for code in mapping.item.translations}
    for number, category in enumerate(mapping.categories, 1):
        used |= {f"categories[{number}].labels.{code}": code for code in category.labels}
    for number, attribute in enumerate(mapping.attributes, 1):
        used |= {f"attributes[{number}].labels.{code}": code for code in attribute.labels}
        used |= {f"attributes[{number}].values.{code}": code for code in attribute.values}
    for where, code in used.items():
        if code not in known:
            yield _("%(where)s: there is no language %(code)s here; it can be one of %(known)s.") % {
                "where": where,
                "code": code,
                "known": ", ".join(known),
            }


def _title_problems(mapping: Mapping) -> Iterator[str]:
    """What a category is called in the site's own language is its title."""
    titles = [
        (f"categories[{number}].labels.{OWN}", title)
        for number, rules in enumerate(mapping.categories, 1)
        for title in rules.labels.get(OWN, {}).values()
    ]
    for number, category in enumerate(mapping.tree, 1):
        titles += [(f"tree[{number}].labels.{OWN}", category.labels.get(OWN, ""))]
    for where, title in titles:
        if len(title) > CATEGORY_TITLE or not can_be_kept(title):
            yield _("%(where)s must have 1 to %(most)d characters.") % {
                "where": where,
                "most": CATEGORY_TITLE,
            }


def _attribute_problems(attributes: list[AttributeRules]) -> Iterator[str]:
    # Where an attribute has texts and numbers, each kind has its own rules.
    keys = [(slug_of(rules.name), rules.type) for rules in attributes]
    for number, rules in enumerate(attributes, 1):
        where = f"attributes[{number}]"
        if not rules.name.strip() or len(rules.name) > FACT_NAME:
            yield _("%(where)s.name must have 1 to %(most)d characters.") % {
                "where": where,
                "most": FACT_NAME,
            }
        if keys.index(keys[number - 1]) != number - 1:
            yield _("%(where)s: there is already an attribute “%(name)s”.") % {
                "where": where,
                "name": rules.name,
            }
        yield from _name_problems(where, rules)
        if rules.format and rules.type != "date":
            yield _("%(where)s.format is for dates; its type is %(type)s.") % {
                "where": where,
                "type": rules.type,
            }


def _name_problems(where: str, rules: AttributeRules) -> Iterator[str]:
    """What the attribute and its values are called: what the form of an attribute takes."""
    names = [
        (f"labels.{code}", name, FACT_NAME if code == settings.LANGUAGE_CODE else LABEL_LENGTH)
        for code, name in rules.labels.items()
        if name
    ]
    for code, said in rules.values.items():
        names += [(f"values.{code}", name, LISTED_LENGTH) for name in said.values()]
        if code == settings.LANGUAGE_CODE or rules.type != "text":
            yield _("%(where)s.values are names of texts in other languages than %(own)s.") % {
                "where": where,
                "own": settings.LANGUAGE_CODE,
            }
        if len(said) > MOST_NAMES:
            yield _("%(where)s.values: name at most %(most)d values.") % {"where": where, "most": MOST_NAMES}
    for place, name, most in names:
        if not name.strip() or len(name) > most or not can_be_kept(name):
            yield _("%(where)s must have 1 to %(most)d characters.") % {
                "where": f"{where}.{place}",
                "most": most,
            }


def _position_problems(mapping: Mapping) -> Iterator[str]:
    places = {f"attributes[{number}]": rules.position for number, rules in enumerate(mapping.attributes, 1)}
    places |= {f"tree[{number}]": rules.position for number, rules in enumerate(mapping.tree, 1)}
    for where, position in places.items():
        if not 0 <= (position or 0) <= MOST_POSITION:
            yield _("%(where)s.position must be from 0 to %(most)d.") % {
                "where": where,
                "most": MOST_POSITION,
            }


def _price_problems(price: PriceRules) -> Iterator[str]:
    if bool(price.currency) == bool(price.currency_source):
        yield _('price needs either currency, like "EUR", or currency_source.')
    if price.currency and not CURRENCY.fullmatch(price.currency):
        yield _("price.currency must be three capital letters, like EUR, not “%(value)s”.") % {
            "value": price.currency
        }
