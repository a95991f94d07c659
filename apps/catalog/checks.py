"""What an item may say; the same for the editor, the API and an import."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from apps.catalog.contract import InvalidItem
from apps.catalog.drafts import Draft, Fact
from apps.catalog.localized import OWN

TITLE = 400
DESCRIPTION = 50_000
FACT_NAME = 80
FACT_TEXT = 1000
MOST_FACTS = 100
MOST_CATEGORIES = 200
MOST_PICTURES = 50
MOST_PRICE = Decimal("9999999999.99")
MOST_NUMBER = Decimal(10) ** 14


def check(draft: Draft) -> None:
    """Raises InvalidItem with a sentence that says what to change."""
    texts = [("", draft.title, draft.description), *_translated(draft)]
    if not draft.title.strip():
        raise InvalidItem(_("The item needs a title."))
    for _language, title, description in texts:
        if len(title) > TITLE:
            raise InvalidItem(
                _("The title is longer than %(most)d characters. Shorten it.") % {"most": TITLE}
            )
        if len(description) > DESCRIPTION:
            raise InvalidItem(
                _("The description is longer than %(most)d characters. Shorten it.") % {"most": DESCRIPTION}
            )
        if not can_be_kept(title + description):
            raise InvalidItem(_("The text holds a character that can't be kept. Type it anew."))
    _check_price(draft)
    _check_number(len(draft.facts), MOST_FACTS, _("attributes"))
    _check_number(len(draft.categories), MOST_CATEGORIES, _("categories"))
    _check_number(len(draft.pictures), MOST_PICTURES, _("pictures"))
    for fact in draft.facts:
        _check_fact(fact)


def _translated(draft: Draft) -> list[tuple[str, str, str]]:
    if OWN in draft.translations:
        raise InvalidItem(
            _("The site's own language has no translation; say `%(field)s`.") % {"field": "title"}
        )
    languages = {code for code, _name in settings.LANGUAGES}
    if unknown := set(draft.translations) - languages:
        raise InvalidItem(
            _("There is no language %(unknown)s here; it can be one of %(known)s.")
            % {"unknown": ", ".join(sorted(unknown)), "known": ", ".join(sorted(languages))}
        )
    return [
        (code, texts.get("title", ""), texts.get("description", ""))
        for code, texts in draft.translations.items()
    ]


def _check_price(draft: Draft) -> None:
    price = draft.price
    if price is None:
        return
    if not price.is_finite() or not 0 <= price <= MOST_PRICE or price != round(price, 2):
        raise InvalidItem(
            _("The price must be between 0 and %(most)s, with at most two decimals.") % {"most": MOST_PRICE}
        )
    if not (len(draft.currency) == 3 and draft.currency.isascii() and draft.currency.isupper()):
        raise InvalidItem(_("A price needs a currency of three letters, like EUR."))


def _check_number(number: int, most: int, what: str) -> None:
    if number > most:
        raise InvalidItem(
            _("There are %(number)d %(what)s; at most %(most)d are kept.")
            % {"number": number, "most": most, "what": what}
        )


def _check_fact(fact: Fact) -> None:
    if not fact.name.strip() or len(fact.name) > FACT_NAME:
        raise InvalidItem(_("The name of an attribute needs 1 to %(most)d characters.") % {"most": FACT_NAME})
    value = fact.value
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value) >= MOST_NUMBER or value != round(value, 6):
            raise InvalidItem(_("%(name)s is too large or too exact a number.") % {"name": fact.name})
    elif isinstance(value, str) and (not value.strip() or len(value) > FACT_TEXT or not can_be_kept(value)):
        raise InvalidItem(
            _("%(name)s needs a value of 1 to %(most)d characters.") % {"name": fact.name, "most": FACT_TEXT}
        )


def can_be_kept(text: str) -> bool:
    """No NUL, and no half of a surrogate pair: no database takes them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
