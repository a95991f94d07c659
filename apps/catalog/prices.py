"""Prices as people of a language write them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format

# Signs that mean one currency wherever they are read; other currencies show their code.
SIGNS = {"EUR": "€", "USD": "US$", "GBP": "£", "JPY": "¥", "BRL": "R$", "PEN": "S/", "INR": "₹", "KRW": "₩"}
SPACE = "\N{NO-BREAK SPACE}"


def shown_price(price: Decimal | None, currency: str, language: str) -> str:
    """`€1,250` in English, `1250 €` in Spanish; "" for none. Decimals only where there are any."""
    if price is None:
        return ""
    amount = number_format(
        price, decimal_pos=0 if price == int(price) else 2, use_l10n=True, force_grouping=True
    )
    sign = SIGNS.get(currency, currency)
    if language == "es":
        return f"{amount}{SPACE}{sign}"
    return f"{sign}{SPACE if sign[-1].isalpha() else ''}{amount}"
