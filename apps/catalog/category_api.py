"""REST: the tree of categories under /api/v1/catalog/categories/. Anybody reads it; editors write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog import branches, service
from apps.catalog.api import (
    CatalogView,
    ChangedMeanwhile,
    Pattern,
    Text,
    fields_of,
    limit_of,
    refuse_other_languages,
)
from apps.catalog.contract import CategoryChangedMeanwhile, CategoryNotFound, InvalidCategory
from apps.catalog.localized import without_own
from apps.catalog.models import Category
from apps.catalog.once import once, repeatable
from apps.catalog.trees import level

MOST_ID = 2**63 - 1  # a database has no larger ones


class CategoryView(CatalogView):
    invalid_code = InvalidCategory.code
    statuses = CatalogView.statuses | {
        InvalidCategory: HTTPStatus.UNPROCESSABLE_ENTITY,
        CategoryChangedMeanwhile: HTTPStatus.CONFLICT,
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if kwargs.get("category_id", 0) > MOST_ID:
            raise _missing()


class Categories(CategoryView):
    def get(self, request: Request) -> Response:
        """What is right below `in`, a path, or at the top; in the order of the tree."""
        params = request.query_params
        above = id_at(params.get("in", ""))
        found, following = level(above, after=params.get("after", ""), most=limit_of(request))
        return Response({"items": [represented(one) for one in found], "next": following or None})

    @repeatable
    def post(self, request: Request) -> Response:
        """A category below `parent`, or at the top; the one that has this name there, as it is."""
        said = _said(request, CategoryFields)
        parent = at(said.get("parent", ""))

        def create() -> Response:
            found, is_new = service.create_category(
                said["title"], parent=parent, translations=said["translations"], slug=said["slug"]
            )
            return _answer(found, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

        return once(request, create)


class OneCategory(CategoryView):
    def get(self, request: Request, category_id: int) -> Response:
        return _answer(_category(category_id))

    def put(self, request: Request, category_id: int) -> Response:
        """Its names; another address where `slug` is given; another place where `parent` is."""
        said = _said(request, CategoryFields)
        place: dict[str, Any] = {}
        if "parent" in said:
            place = {"parent_id": id_at(said["parent"])}
        with _unseen(request) as stamp:
            changed = service.change_category(
                category_id,
                title=said["title"],
                translations=said["translations"],
                slug=said["slug"],
                stamp=stamp,
                **place,
            )
        return _answer(changed)

    def delete(self, request: Request, category_id: int) -> Response:
        """What is in it goes into `into`, a path; without one, only what holds no items can go."""
        service.delete_category(category_id, into_id=id_at(request.query_params.get("into", "")))
        return Response(status=HTTPStatus.NO_CONTENT)


class MoveCategory(CategoryView):
    @repeatable
    def post(self, request: Request, category_id: int) -> Response:
        """Below `parent`, or to the top; in front of `before`, the path of one that is there, or last."""
        said = _said(request, PlaceFields)
        parent, before = id_at(said["parent"]), id_at(said["before"])

        def move() -> Response:
            return _answer(service.move_category(category_id, parent_id=parent, before_id=before))

        return once(request, move)


class CategoryFields(serializers.Serializer):
    title = Text(max_length=200)
    translations = serializers.DictField(
        child=serializers.DictField(child=Text(max_length=200)), default=dict
    )
    slug = Pattern(r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, allow_blank=True, default="")
    parent = Text(max_length=750, allow_blank=True, required=False)  # type: ignore[assignment]

    def validate_translations(self, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        refuse_other_languages(value, own="title")
        if any(set(texts) != {"title"} for texts in value.values()):
            raise exceptions.ValidationError(_("A translation of a category has a `title`."))
        return value


class PlaceFields(serializers.Serializer):
    parent = Text(max_length=750, allow_blank=True, default="")  # type: ignore[assignment]
    before = Text(max_length=750, allow_blank=True, default="")


def represented(category: Category) -> dict[str, Any]:
    return {
        "id": category.pk,
        "url": reverse("catalog:api-category", args=[category.pk]),
        "page": f"/categories/{category.path}",
        "path": category.path,
        "title": category.title,
        "translations": without_own(category.translations),
        "items": category.listing.items,
    }


def at(path: str) -> Category | None:
    """The category at that path; None for none. Raises CategoryNotFound."""
    if not path:
        return None
    found = Category.objects.filter(path=path).select_related("listing").first()
    if found is None:
        raise _missing()
    return found


def id_at(path: str) -> int | None:
    found = at(path)
    return found.pk if found else None


def _category(category_id: int) -> Category:
    found = Category.objects.filter(pk=category_id).select_related("listing").first()
    if found is None:
        raise _missing()
    return found


def _missing() -> CategoryNotFound:
    return CategoryNotFound(_("There is no such category. Choose one from the list."))


def _said(request: Request, form: type[serializers.Serializer]) -> dict[str, Any]:
    return fields_of(request, form, _("Send an object with the fields of a category."))


def _answer(category: Category, status: int = HTTPStatus.OK) -> Response:
    body = represented(category)
    return Response(
        body, status=status, headers={"ETag": f'"{branches.stamp(category)}"', "Location": body["url"]}
    )


@contextmanager
def _unseen(request: Request) -> Iterator[str]:
    """The stamp that If-Match names, if it does. Raises ChangedMeanwhile when it is another now."""
    meant = request.headers.get("If-Match", "*").strip()
    try:
        yield "" if meant == "*" else meant.strip('"')
    except CategoryChangedMeanwhile as error:
        raise ChangedMeanwhile from error
