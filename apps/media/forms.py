"""What an owner says of a picture."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.media.models import Asset


class DescribeForm(forms.ModelForm):
    class Meta:
        model = Asset
        fields = ("title", "alt")
        widgets = {"alt": forms.Textarea(attrs={"rows": 3, "maxlength": 500})}
        help_texts = {
            "alt": _(
                "What there is to see, in a sentence, for people who can't see it and for search engines."
            )
        }
