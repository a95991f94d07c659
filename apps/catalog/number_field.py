"""A number as people of a language write it: with groups of thousands, and in Spanish with a comma or a point.

The language's own sign comes before the decimals. In Spanish a point may too, as in Mexico; then commas group.
Spaces group anywhere. Where one sign groups and another follows, or one stands twice, there is only one way to read it;
a Spanish 1.234 has two, and a guess may be a thousand times too small.
"""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _

GROUPED = re.compile(r"([-+]?[1-9]\d{0,2}([\s.,])\d{3}(?:\2\d{3})*)((?!\2)[.,]\d*)?")


class NumberField(forms.DecimalField):
    """Reads what the site shows, and tells its limits so too."""

    def __init__(self, **more: Any) -> None:
        super().__init__(localize=True, **more)

    def to_python(self, value: Any) -> Any:
        return super().to_python(_ungrouped(value.strip()) if isinstance(value, str) else value)

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError as problem:
            for error in problem.error_list:
                if error.params and "limit_value" in error.params:
                    limit = number_format(error.params["limit_value"], force_grouping=True)
                    error.params["limit_value"] = limit
            raise


def _ungrouped(text: str) -> str:
    """Without its groups, where it has any; what else it says is judged by Django."""
    grouped = GROUPED.fullmatch(text)
    if grouped is None:
        return text
    whole, sign, decimals = grouped.groups(default="")
    own = get_format("DECIMAL_SEPARATOR")
    if not decimals and whole.count(sign) == 1:
        if sign == own:
            return text
        if sign == ".":
            raise _ambiguous(text, own)
    return whole.replace(sign, "") + decimals


def _ambiguous(text: str, own: str) -> ValidationError:
    ways = {"typed": text, "whole": text.replace(".", ""), "exact": text.replace(".", own)}
    sentence = _(
        "“%(typed)s” can be read in two ways: write %(whole)s for thousands or %(exact)s for decimals."
    )
    return ValidationError(sentence % ways)
