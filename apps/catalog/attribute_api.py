"""REST: attributes and their values under /api/v1/catalog/attributes/. Editors say how they are shown."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog import kept, service
from apps.catalog.api import (
    CatalogView,
    ChangedMeanwhile,
    Text,
    YesOrNo,
    fields_of,
    limit_of,
    refuse_other_languages,
)
from apps.catalog.attributes import (
    LABEL_LENGTH,
    LISTED_LENGTH,
    MOST_NAMES,
    TAKEN,
    is_taken,
    names_of_values,
    stamp,
    texts_of,
)
from apps.catalog.checks import FACT_NAME
from apps.catalog.localized import Translations
from apps.catalog.models import MOST_POSITION, Attribute, AttributeValue
from seam import atomic

SLUG = re.compile(r"[a-z0-9-]{1,80}")


class AttributeView(CatalogView):
    invalid_code = "catalog.invalid"


class Attributes(AttributeView):
    def get(self, request: Request) -> Response:
        """All there are, by their keys."""
        limit, after = limit_of(request), request.query_params.get("after", "")
        found = list(Attribute.objects.filter(key__gt=after).order_by("key")[: limit + 1])
        following = found[limit - 1].key if len(found) > limit else None
        return Response({"items": [represented(one) for one in found[:limit]], "next": following})


class OneAttribute(AttributeView):
    def get(self, request: Request, key: str) -> Response:
        return _answer(_attribute(key))

    def put(self, request: Request, key: str) -> Response:
        """How it is called and shown. Addresses and imports go on calling it by its key."""
        said = fields_of(request, AttributeFields, _("Send an object with the fields of an attribute."))
        with atomic("catalog"):
            kept.lock()
            found = _attribute(key)
            if request.headers.get("If-Match", "*").strip() not in ("*", _etag(found)):
                raise ChangedMeanwhile
            if "label" in said and is_taken(said["label"], by_other_than=found):
                raise exceptions.ValidationError({"label": [TAKEN]})
            refuse_unknown_values(found, said["translations"])
            for name, value in said.items():
                setattr(found, name, value)
            service.change_attribute(found)
        return _answer(found)


class Values(AttributeView):
    def get(self, request: Request, key: str) -> Response:
        """The values that published items have, by their slugs; a slug is what a `filter` names."""
        limit, after = limit_of(request), request.query_params.get("after", "")
        rows = AttributeValue.objects.filter(attribute=_attribute(key), slug__gt=after, listing__items__gt=0)
        found = list(rows.order_by("slug").values("slug", "text", "kind", "listing__items")[: limit + 1])
        items = [
            {"slug": row["slug"], "value": row["text"], "type": row["kind"], "items": row["listing__items"]}
            for row in found[:limit]
        ]
        return Response({"items": items, "next": items[-1]["slug"] if len(found) > limit else None})


class TranslationFields(serializers.Serializer):
    """What an attribute is called in another language, and its values by their slugs."""

    label = Text(max_length=LABEL_LENGTH, required=False)  # type: ignore[assignment]  # a serializer's own is another
    values = serializers.DictField(child=Text(max_length=LISTED_LENGTH), required=False, allow_empty=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        said: dict[str, Any] = super().to_internal_value(data)
        if set(data) - set(self.fields):
            raise exceptions.ValidationError(
                _("A translation of an attribute has a `label`, `values`, or both.")
            )
        return said

    def validate_values(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MOST_NAMES:
            raise exceptions.ValidationError(_("Name at most %(most)d values.") % {"most": MOST_NAMES})
        if not all(SLUG.fullmatch(slug) for slug in value):
            raise exceptions.ValidationError(
                _("Values go by their slugs: small letters, digits and hyphens.")
            )
        return value


class AttributeFields(serializers.Serializer):
    label = Text(max_length=FACT_NAME, required=False)  # type: ignore[assignment]  # a serializer's own is another
    facet = YesOrNo(source="is_facet")
    browsable = YesOrNo(source="is_browsable")
    position = serializers.IntegerField(min_value=0, max_value=MOST_POSITION)
    translations = serializers.DictField(child=TranslationFields(), default=dict)

    def validate_translations(self, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        refuse_other_languages(value, own="label")
        if not all(value.values()):
            raise exceptions.ValidationError(
                _("A translation of an attribute has a `label`, `values`, or both.")
            )
        return value


def refuse_unknown_values(attribute: Attribute, translations: Translations) -> None:
    """Raises ValidationError for a slug that no text of the attribute has, and that has no name yet."""
    new = _slugs(translations) - _slugs(attribute.translations)
    texts = texts_of(attribute).values_list("slug", flat=True)
    known = {slug for some in kept.chunks(new) for slug in texts.filter(slug__in=some)}
    if missing := sorted(new - known):
        detail = _("The attribute has no such texts: %(missing)s") % {"missing": ", ".join(missing[:10])}
        raise exceptions.ValidationError({"translations": [detail]})


def _slugs(translations: Translations) -> set[str]:
    return {slug for slug, _language, _name in names_of_values(translations)}


def represented(attribute: Attribute) -> dict[str, Any]:
    return {
        "key": attribute.key,
        "url": reverse("catalog:api-attribute", args=[attribute.key]),
        "values": reverse("catalog:api-values", args=[attribute.key]),
        "label": attribute.label,
        "translations": attribute.translations,
        "facet": attribute.is_facet,
        "browsable": attribute.is_browsable,
        "position": attribute.position,
    }


def _attribute(key: str) -> Attribute:
    found = Attribute.objects.filter(key=key).first()
    if found is None:
        raise exceptions.NotFound(_("There is no such attribute. Choose one from the list."))
    return found


def _etag(attribute: Attribute) -> str:
    return f'"{stamp(attribute)}"'


def _answer(attribute: Attribute) -> Response:
    return Response(represented(attribute), headers={"ETag": _etag(attribute)})
