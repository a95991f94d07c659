"""The editor's forms: an item with its attributes, and a category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.formats import localize_input
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog import checks
from apps.catalog.categories import LEVELS, SLUG_LENGTH, current
from apps.catalog.drafts import Draft, Fact, FactValue
from apps.catalog.localized import OWN
from apps.catalog.models import Category, Kind
from apps.catalog.number_field import NumberField

# The languages an item can be told in besides its own.
OTHERS = [(code, name) for code, name in settings.LANGUAGES if code != OWN]
EMPTY_ROWS = 2
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Initial = dict[str, Any]


class ItemForm(forms.Form):
    """What an item says, but for its attributes (FactRow) and pictures. `version` is the one that was read,
    `seen` the conflicts.stamps() of it."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=checks.TITLE)
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=checks.DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    price = NumberField(
        label=gettext_lazy("Price"),
        required=False,
        min_value=0,
        max_value=checks.MOST_PRICE,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$",
        label=gettext_lazy("Currency"),
        initial="EUR",
        error_messages={"invalid": gettext_lazy("Three letters, like EUR or MXN.")},
        widget=forms.TextInput(attrs={"size": 4, "maxlength": 3, "autocapitalize": "characters"}),
    )
    slug = forms.RegexField(
        SLUG,
        label=gettext_lazy("Address"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("The end of its address. Left empty, it is made from the title."),
        error_messages={"invalid": gettext_lazy("Small letters, digits and hyphens only, like blue-vase.")},
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=10_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in OTHERS:
            self.fields[f"title_{code}"] = forms.CharField(required=False, max_length=checks.TITLE)
            self.fields[f"description_{code}"] = forms.CharField(
                required=False,
                max_length=checks.DESCRIPTION,
                widget=forms.Textarea(attrs={"rows": 5}),
            )
        say_languages(self, title=_("Title in %(language)s"), description=_("Description in %(language)s"))

    @property
    def translated(self) -> list[forms.BoundField]:
        return [self[f"{name}_{code}"] for code, _name in OTHERS for name in ("title", "description")]

    def draft(self, **parts: Any) -> Draft:
        """What the valid form says, with the parts that stand outside of it."""
        said = self.cleaned_data
        texts = {
            code: {
                name: said[f"{name}_{code}"] for name in ("title", "description") if said[f"{name}_{code}"]
            }
            for code, _name in OTHERS
        }
        return Draft(
            title=said["title"],
            description=said["description"],
            translations={code: text for code, text in texts.items() if text},
            price=said["price"],
            currency=said["currency"].upper() if said["price"] is not None else "",
            slug=said["slug"],
            **parts,
        )


def say_languages(form: forms.BaseForm, **labels: str) -> None:
    """Call fields and their translations after the language they are written in, and tell browsers too."""
    for code, language in settings.LANGUAGES:
        for name, label in labels.items():
            field = form.fields[name if code == OWN else f"{name}_{code}"]
            field.label = label % {"language": language}
            field.widget.attrs["lang"] = code


def initial_of(draft: Draft, version: int) -> Initial:
    texts = {
        f"{name}_{code}": draft.translations.get(code, {}).get(name, "")
        for code, _name in OTHERS
        for name in ("title", "description")
    }
    own = ("title", "description", "price", "slug")
    currency = {"currency": draft.currency} if draft.currency else {}
    return {name: getattr(draft, name) for name in own} | texts | currency | {"version": version}


@dataclass
class FactRow:
    """One line of the attributes: a name, what kind of value, the value as typed; `error` is a sentence."""

    name: str = ""
    kind: str = Kind.TEXT
    value: str = ""
    error: str = ""
    kinds: Sequence[tuple[str, Any]] = field(default=tuple(Kind.choices))

    @property
    def is_empty(self) -> bool:
        return not self.name and not self.value

    def fact(self) -> Fact | None:
        """Sets `error` and gives None when the row can't be used."""
        try:
            if not self.name:
                raise ValidationError(_("Say what this is: give the attribute a name."))
            if len(self.name) > checks.FACT_NAME:
                raise ValidationError(
                    _("The name is longer than %(most)d characters.") % {"most": checks.FACT_NAME}
                )
            return Fact(name=self.name, value=self._value())
        except ValidationError as error:
            self.error = " ".join(error.messages)
            return None

    def _value(self) -> FactValue:
        if self.kind == Kind.NUMBER:
            number: Decimal = NumberField(max_digits=20, decimal_places=6).clean(self.value)
            return number
        if self.kind == Kind.DATE:
            return forms.DateField().clean(self.value)
        text: str = forms.CharField(max_length=checks.FACT_TEXT).clean(self.value)
        return text


def rows_of(draft: Draft) -> list[FactRow]:
    return [_row(fact) for fact in draft.facts]


def _row(fact: Fact) -> FactRow:
    if isinstance(fact.value, str):
        return FactRow(fact.name, Kind.TEXT, fact.value)
    if isinstance(fact.value, Decimal):
        return FactRow(fact.name, Kind.NUMBER, str(localize_input(fact.value.normalize() + 0)))
    return FactRow(fact.name, Kind.DATE, fact.value.isoformat())


def rows_from(data: QueryDict) -> list[FactRow]:
    """The rows somebody sent; those left empty are dropped, which is how one takes an attribute away."""
    columns = (data.getlist(f"fact-{name}") for name in ("name", "kind", "value"))
    rows = [
        FactRow(" ".join(name.split()), kind if kind in Kind.values else Kind.TEXT, value.strip())
        for name, kind, value in zip(*columns, strict=False)
    ]
    return [row for row in rows if not row.is_empty][: checks.MOST_FACTS]


class CategoryForm(forms.Form):
    """A category's names, its place and its address; `stamp` is branches.stamp() of what was read."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    slug = forms.RegexField(
        SLUG,
        label=gettext_lazy("Address"),
        required=False,
        max_length=SLUG_LENGTH,
        help_text=gettext_lazy("The end of its address. Links to the one it had lead to the new one."),
        error_messages={"invalid": gettext_lazy("Small letters, digits and hyphens only, like blue-vase.")},
    )
    stamp = forms.CharField(required=False, widget=forms.HiddenInput)
    parent = forms.CharField(label=gettext_lazy("Inside of"), required=False, max_length=750)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in OTHERS:
            self.fields[f"title_{code}"] = forms.CharField(required=False, max_length=200)
        say_languages(self, title=_("Title in %(language)s"))

    def clean_parent(self) -> Category | None:
        if not self.place:
            return None
        parent = Category.objects.filter(path=self.place).first()
        if parent is None:
            raise ValidationError(_("There is no such category. Choose one from the list."))
        if parent.path.count("/") >= LEVELS - 1:
            raise ValidationError(_("Categories can be %(most)d levels deep.") % {"most": LEVELS})
        return parent

    @property
    def place(self) -> str:
        """The path of its parent, the one it has now; what was typed where there is no such category."""
        typed: str = (self["parent"].value() or "").strip().strip("/")
        return current(typed) or typed

    @property
    def translations(self) -> Mapping[str, dict[str, str]]:
        said = self.cleaned_data
        return {code: {"title": said[f"title_{code}"]} for code, _name in OTHERS if said[f"title_{code}"]}


def keys_of(texts: Iterable[str]) -> list[int]:
    """Those of the texts that could be the key of a row."""
    numbers = (int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 20)
    return [number for number in numbers if number < 2**63]
