"""Pages for editors: which attributes are filters, in which order, and what they are called."""

from __future__ import annotations

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
from apps.catalog import service
from apps.catalog.attributes import in_use, is_taken
from apps.catalog.forms import OTHERS, say_languages
from apps.catalog.localized import localized
from apps.catalog.models import Attribute
from seam import atomic

AT_ONCE = 100
LABEL_LENGTH = 120
TAKEN = gettext_lazy("Another attribute is called so already. Choose another name.")

editors_only = require_role(Role.EDITOR)


class AttributeForm(forms.ModelForm):
    """How one attribute is called and shown. Addresses and imports go on calling it by its key."""

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
        say_languages(self, label=_("Name in %(language)s"))

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if is_taken(label, by_other_than=self.instance):
            raise forms.ValidationError(TAKEN)
        return label

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        names = {code: said.get(f"label_{code}", "") for code, _name in OTHERS}
        kept = {code: texts for code, texts in self.instance.translations.items() if code not in names}
        self.instance.translations = kept | {code: {"label": name} for code, name in names.items() if name}
        return said


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
    found = get_object_or_404(Attribute, key=key)
    label = found.label
    form = AttributeForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        with atomic("catalog"):
            service.change_attribute(form.instance)
        messages.success(request, _("Saved. Lists and search follow in a moment."))
        return redirect("catalog:edit-attributes")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "catalog/editor/attribute.html", {"form": form, "label": label}, status=status)
