"""Pages for editors: which attributes are filters, in which order, and what they and their values are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.auth.client import require_role
from apps.auth.contract import Role
from apps.catalog import kept, service
from apps.catalog.attributes import LABEL_LENGTH, LISTED_LENGTH, TAKEN, in_use, is_taken, stamp, values_in_use
from apps.catalog.checks import FACT_NAME
from apps.catalog.forms import OTHERS, say_languages
from apps.catalog.localized import localized, without_own
from apps.catalog.models import Attribute, AttributeValue
from seam import atomic

AT_ONCE = 100
MOST_VALUES = 100  # that the form offers to name
SOUGHT = 1000  # beyond that nobody names them in a form

editors_only = require_role(Role.EDITOR)


class AttributeForm(forms.ModelForm):
    """How one attribute and its values are called and shown. Addresses and imports go on calling them by their keys."""

    # No longer than what an item may call it.
    label = forms.CharField(max_length=FACT_NAME)

    class Meta:
        model = Attribute
        fields = ("label", "is_facet", "is_browsable", "position")
        labels = {
            "is_facet": gettext_lazy("A filter beside lists and search results"),
            "is_browsable": gettext_lazy("Each of its values has a page"),
            "position": gettext_lazy("Place among the filters"),
        }
        help_texts = {"position": gettext_lazy("The lowest number stands first; equal ones by their names.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in OTHERS:
            self.fields[f"label_{code}"] = forms.CharField(
                required=False,
                max_length=LABEL_LENGTH,
                initial=self.instance.translations.get(code, {}).get("label", ""),
            )
        self.order_fields(["label", *(f"label_{code}" for code, _name in OTHERS)])
        say_languages(self, label=_("Name in %(language)s"))
        found = values_in_use(self.instance, SOUGHT)
        self.groups = [ValueFields(self, code, str(language), found) for code, language in OTHERS]

    @property
    def own(self) -> list[forms.BoundField]:
        """The fields that are of no value."""
        of_values = {name for group in self.groups for name in group.names}
        return [field for field in self if field.name not in of_values]

    @property
    def theirs(self) -> list[tuple[str, str]]:
        """What is saved, where something else was sent: the label of each field and what it holds."""
        fields = (self[name] for name in self.changed_data)
        return [(str(field.label), _told(field.initial)) for field in fields]

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if is_taken(label, by_other_than=self.instance):
            raise forms.ValidationError(TAKEN)
        return label

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        translations = without_own(self.instance.translations)
        for group in self.groups:
            texts = {"label": said.get(f"label_{group.code}", ""), "values": group.said(said)}
            translations[group.code] = {name: text for name, text in texts.items() if text}
        self.instance.translations = {code: texts for code, texts in translations.items() if texts}
        return said


class ValueFields:
    """Of a form: what the attribute's values are called in another language."""

    def __init__(
        self, form: AttributeForm, code: str, language: str, found: Sequence[AttributeValue]
    ) -> None:
        self._form, self.code, self.language = form, code, language
        self._before: dict[str, str] = form.instance.translations.get(code, {}).get("values", {})
        self.are_more = len(found) > MOST_VALUES
        self.names = {f"value_{code}_{value.slug}": value.slug for value in found[:MOST_VALUES]}
        for name, value in zip(self.names, found, strict=False):
            form.fields[name] = forms.CharField(
                label=value.text,
                required=False,
                max_length=LISTED_LENGTH,
                initial=self._before.get(value.slug, ""),
                widget=forms.TextInput(attrs={"lang": code}),
            )

    def __iter__(self) -> Iterator[forms.BoundField]:
        return (self._form[name] for name in self.names)

    def said(self, cleaned: Mapping[str, Any]) -> dict[str, str]:
        """By the slugs of the values; also those that had no field."""
        asked = {slug: cleaned.get(name, "") for name, slug in self.names.items() if name in self._form.data}
        return {slug: text for slug, text in (self._before | asked).items() if text}


def _told(value: Any) -> str:
    return (_("Yes") if value else _("No")) if isinstance(value, bool) else str(value)


@require_safe
@editors_only
def attributes(request: HttpRequest) -> HttpResponse:
    """All that items have, as they stand beside a list."""
    language = get_language() or "en"
    page = Paginator(in_use(), AT_ONCE).get_page(request.GET.get("page"))
    rows = [
        {"attribute": one, "title": localized(one.label, one.translations, "label", language)} for one in page
    ]
    return render(request, "catalog/editor/attributes.html", {"rows": rows, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@editors_only
def attribute(request: HttpRequest, key: str) -> HttpResponse:
    """One of them."""
    is_sent = request.method == "POST"
    with atomic("catalog") if is_sent else nullcontext():
        if is_sent:
            kept.lock()
        found = get_object_or_404(Attribute, key=key)
        now, label = stamp(found), localized(found.label, found.translations, "label", get_language() or "en")
        form = AttributeForm(request.POST or None, instance=found)
        is_seen = request.POST.get("stamp", now) == now
        is_saved = is_seen and form.is_valid()
        if is_saved:
            service.change_attribute(form.instance)
    if is_saved:
        messages.success(request, _("Saved. Lists and search follow in a moment."))
        return redirect("catalog:edit-attributes")
    context = {"form": form, "label": label, "stamp": now, "theirs": [] if is_seen else form.theirs}
    status = (
        HTTPStatus.OK if not is_sent else HTTPStatus.UNPROCESSABLE_ENTITY if is_seen else HTTPStatus.CONFLICT
    )
    return render(request, "catalog/editor/attribute.html", context, status=status)
