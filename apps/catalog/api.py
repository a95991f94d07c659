"""REST: the catalogue under /api/v1/catalog/. Anybody reads what is published; editors write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.auth.client import IsEditor, IsSignedIn
from apps.auth.contract import Role
from apps.catalog import checks, favourites, paging, service
from apps.catalog.categories import by_path
from apps.catalog.contract import (
    CategoryNotFound,
    InvalidItem,
    InvalidQuery,
    ItemChangedMeanwhile,
    ItemNotFound,
    TooManyFavourites,
)
from apps.catalog.drafts import Draft, Fact, draft_of
from apps.catalog.filters import Narrowed, read, read_strictly
from apps.catalog.library import LibraryIsAway, allowed
from apps.catalog.localized import OWN
from apps.catalog.models import Category, Item, Kind, Listing
from apps.catalog.once import InvalidKey, KeyUsedOtherwise, UnderWay, once, repeatable
from apps.catalog.search import search
from apps.catalog.slugs import current
from apps.catalog.sorting import RELEVANCE
from apps.catalog.suggestions import suggest
from seam import ContractError

PAGE = 24
PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
MOST = 100
TYPES = {Decimal: Kind.NUMBER, date: Kind.DATE, str: Kind.TEXT}


class Unavailable(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "media_is_away"


class ChangedMeanwhile(exceptions.APIException):
    """RFC 9110, 13.1.1: what If-Match names is no longer what is there."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_code = "precondition_failed"


class ReadsOrEditor(IsEditor):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)


class CatalogView(APIView):
    area = "catalog"
    permission_classes = [ReadsOrEditor]
    invalid_code = "catalog.invalid_item"
    statuses: ClassVar[dict[type[ContractError], HTTPStatus]] = {
        ItemNotFound: HTTPStatus.NOT_FOUND,
        CategoryNotFound: HTTPStatus.NOT_FOUND,
        InvalidItem: HTTPStatus.UNPROCESSABLE_ENTITY,
        ItemChangedMeanwhile: HTTPStatus.CONFLICT,
        TooManyFavourites: HTTPStatus.CONFLICT,
        InvalidKey: HTTPStatus.BAD_REQUEST,
        KeyUsedOtherwise: HTTPStatus.UNPROCESSABLE_ENTITY,
        UnderWay: HTTPStatus.CONFLICT,
    }


class Items(CatalogView):
    def get(self, request: Request) -> Response:
        """`category`, a path; `filter`, as often as one likes (`read_strictly`); `order` (newest, title, price),
        `limit` (to 100), `after`: `next` of the page before."""
        params = request.query_params
        listing, narrowed = _listing(params.get("category", "")), _narrowed(request)
        order, after = params.get("order", "newest"), params.get("after") or None
        page = paging.page(listing, order=order, size=limit_of(request), after=after, within=narrowed.groups)
        return Response({"items": _represented([pk for pk, _version in page.items]), "next": page.next})

    @repeatable
    def post(self, request: Request) -> Response:
        """A new draft; `"published": true` publishes it at once."""
        fields = _fields(request)
        draft = _draft(fields, _owner(request), [])

        def create() -> Response:
            item = service.create_item(draft, owner_id=_owner(request), published=fields["published"])
            url = reverse("catalog:api-item", args=[item.pk])
            return _written(item, HTTPStatus.CREATED, Location=url)

        return once(request, create)


class OneItem(CatalogView):
    def get(self, request: Request, item_id: UUID) -> HttpResponseBase:
        return _answer(request, _visible(request, item_id))

    def put(self, request: Request, item_id: UUID) -> Response:
        """The whole item. `If-Match` has the ETag that was read: 412 when somebody changed the item since; where
        `version` says it in the body, 409."""
        item = _visible(request, item_id)
        fields = _fields(request)
        draft = _draft(fields, _owner(request), draft_of(item).pictures)
        with _unseen(request, item) as version:
            changed = service.change_item(item_id, draft, version=version or _version(fields))
        return _written(changed)

    def delete(self, request: Request, item_id: UUID) -> Response:
        with _unseen(request, _visible(request, item_id)) as version:
            service.delete_item(item_id, version=version)
        return Response(status=HTTPStatus.NO_CONTENT)


class ItemBySlug(CatalogView):
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The published item with this slug; 301 to the one it has now where it had this one."""
        item = Item.objects.filter(slug=slug, is_published=True).first()
        if item is None and (now := current(slug)):
            url = reverse("catalog:api-item-by-slug", args=[now])
            return Response(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": url})
        if item is None:
            raise ItemNotFound(_("There is no such item. It may have been withdrawn."))
        return _answer(request, item)


class Publish(CatalogView):
    @repeatable
    def post(self, request: Request, item_id: UUID) -> Response:
        with _unseen(request, _visible(request, item_id)) as version:
            return once(request, lambda: _written(service.publish_item(item_id, version=version)))


class Withdraw(CatalogView):
    @repeatable
    def post(self, request: Request, item_id: UUID) -> Response:
        with _unseen(request, _visible(request, item_id)) as version:
            return once(request, lambda: _written(service.withdraw_item(item_id, version=version)))


class Search(CatalogView):
    def get(self, request: Request) -> Response:
        """`q`, `order` (sorting.ORDERS; the best first), `filter` as in a list of items, `limit` and `after`."""
        params, narrowed = request.query_params, _narrowed(request)
        found = search(
            params.get("q", ""),
            documents=narrowed.everything.items,
            limit=limit_of(request),
            after=params.get("after") or None,
            within=narrowed.groups,
            order=params.get("order", RELEVANCE),
        )
        if not found.sortable and params.get("order", RELEVANCE) != RELEVANCE:
            raise InvalidQuery(_("These words are too common to be sorted. Add a rarer one or a filter."))
        total = {"total": found.total, "total_is_at_least": found.more}
        return Response({"items": _represented(found.ids), "next": found.next, **total})


class Suggestions(CatalogView):
    def get(self, request: Request) -> Response:
        """What somebody who typed `q` may mean; `url` is a page of the site."""
        found = suggest(request.query_params.get("q", ""), read().everything.items, get_language() or "en")
        return Response({"items": [asdict(one) for one in found]})


class Favourites(CatalogView):
    """One's own, the newest first; `limit` (1 to 100), and `after`: `next` of the page before."""

    permission_classes = [IsSignedIn]

    def get(self, request: Request) -> Response:
        page = service.list_favourites(
            person_id=_owner(request),
            limit=limit_of(request),
            after=request.query_params.get("after") or None,
        )
        found = [
            {
                "item": str(row.item_id),
                "url": reverse("catalog:api-item", args=[row.item_id]) if row.slug else None,
                "slug": row.slug,
                "title": row.title,
                "added_at": row.added_at.isoformat(),
            }
            for row in page.favourites
        ]
        return Response({"items": found, "next": page.next})


class OneFavourite(CatalogView):
    permission_classes = [IsSignedIn]

    def put(self, request: Request, item_id: UUID) -> Response:
        """Keep it; again is no error."""
        favourites.add(_owner(request), item_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    def delete(self, request: Request, item_id: UUID) -> Response:
        favourites.remove(_owner(request), item_id)
        return Response(status=HTTPStatus.NO_CONTENT)


# What is said and what is heard


class _Only:
    """A field that takes values of one type and turns nothing else into it: in XML, `type` says which it is."""

    takes: type = str

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, self.takes):
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().to_internal_value(data)  # type: ignore[misc]


class Text(_Only, serializers.CharField):
    pass


class Pattern(_Only, serializers.RegexField):
    pass


class Id(_Only, serializers.UUIDField):
    pass


class YesOrNo(_Only, serializers.BooleanField):
    takes = bool


class FactFields(serializers.Serializer):
    name = Text(max_length=checks.FACT_NAME)
    type = serializers.ChoiceField(Kind.choices, default=Kind.TEXT)
    value = Text(max_length=checks.FACT_TEXT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        exact: dict[str, serializers.Field] = {
            Kind.NUMBER: serializers.DecimalField(max_digits=20, decimal_places=6),
            Kind.DATE: serializers.DateField(),
        }
        if field := exact.get(attrs["type"]):
            try:
                attrs["value"] = field.run_validation(attrs["value"])
            except exceptions.ValidationError as error:
                raise exceptions.ValidationError({"value": error.detail}) from error
        return attrs


class PriceField(serializers.DecimalField):
    """A string of digits, "12.50", for a number of JSON is not exact; an empty one is none, as XML says it."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return serializers.Field.validate_empty_values(self, None if data == "" else data)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not PRICE.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class ItemFields(serializers.Serializer):
    title = Text(max_length=checks.TITLE)
    description = Text(max_length=checks.DESCRIPTION, allow_blank=True, default="")
    translations = serializers.DictField(child=serializers.DictField(child=Text()), default=dict)
    price = PriceField(max_digits=12, decimal_places=2, min_value=Decimal(0), allow_null=True, default=None)
    currency = Pattern(r"^[A-Z]{3}$", allow_blank=True, default="")
    slug = Pattern(r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=150, allow_blank=True, default="")
    categories = serializers.ListField(child=Text(), max_length=checks.MOST_CATEGORIES, default=list)
    attributes = serializers.ListField(child=FactFields(), max_length=checks.MOST_FACTS, default=list)
    pictures = serializers.ListField(child=Id(), max_length=checks.MOST_PICTURES, default=list)
    published = YesOrNo(default=False)
    version = Pattern(r"^[0-9]{1,19}$", required=False)

    def validate_translations(self, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        refuse_other_languages(value, own="title")
        if any(set(texts) - {"title", "description"} for texts in value.values()):
            raise exceptions.ValidationError(_("A translation has a `title` and a `description`."))
        return value

    def validate_categories(self, value: list[str]) -> list[int]:
        found = by_path(value, former=True)
        if missing := [path for path in value if path not in found]:
            raise exceptions.ValidationError(
                _("No such category: %(missing)s") % {"missing": ", ".join(missing)}
            )
        return [found[path].pk for path in value]


def refuse_other_languages(translations: Mapping[str, Any], *, own: str) -> None:
    """Raises ValidationError for one that the site does not speak, and for its own, in which the field `own` is."""
    if OWN in translations:
        raise exceptions.ValidationError(
            _("The site's own language has no translation; say `%(field)s`.") % {"field": own}
        )
    if unknown := set(translations) - {code for code, _name in settings.LANGUAGES}:
        raise exceptions.ValidationError(
            _("Unknown languages: %(unknown)s") % {"unknown": ", ".join(unknown)}
        )


def fields_of(request: Request, form: type[serializers.Serializer], otherwise: str) -> dict[str, Any]:
    """What was sent, as `form` reads it. Raises ValidationError; ParseError, which says `otherwise`, for no object."""
    if not isinstance(request.data, Mapping):
        raise exceptions.ParseError(otherwise)
    fields = form(data=request.data)
    fields.is_valid(raise_exception=True)
    valid: dict[str, Any] = fields.validated_data
    return valid


def _fields(request: Request) -> dict[str, Any]:
    return fields_of(request, ItemFields, _("Send an object with the fields of an item."))


def _draft(fields: Mapping[str, Any], owner_id: UUID, shown_already: list[UUID]) -> Draft:
    try:
        pictures = allowed(dict.fromkeys(fields["pictures"], ""), owner_id, shown_already)
    except LibraryIsAway as error:
        raise Unavailable(str(error)) from error
    if missing := [str(pk) for pk in fields["pictures"] if pk not in pictures]:
        detail = _("These are not pictures of yours: %(missing)s") % {"missing": ", ".join(missing)}
        raise exceptions.ValidationError({"pictures": [detail]})
    texts = ("title", "description", "translations", "price", "currency", "slug", "categories")
    facts = [Fact(name=fact["name"], value=fact["value"]) for fact in fields["attributes"]]
    return Draft(**{name: fields[name] for name in texts}, facts=facts, pictures=pictures)


def _version(fields: Mapping[str, Any]) -> int | None:
    return int(fields["version"]) if "version" in fields else None


def _etag(item: Item) -> str:
    return f'"{item.version}"'


def _answer(request: Request, item: Item) -> HttpResponseBase:
    """The item, or 304 for whoever has it as it is."""
    unchanged = get_conditional_response(request._request, etag=_etag(item))
    return unchanged or _written(item)


def _written(item: Item, status: int = HTTPStatus.OK, **headers: str) -> Response:
    return Response(represented(item), status=status, headers={"ETag": _etag(item), **headers})


@contextmanager
def _unseen(request: Request, item: Item) -> Iterator[int | None]:
    """The version that the request means, if it names one. Raises ChangedMeanwhile when it is another now."""
    meant = [etag.strip() for etag in request.headers.get("If-Match", "*").split(",")]
    if "*" not in meant and _etag(item) not in meant:
        raise ChangedMeanwhile
    try:
        yield None if "*" in meant else item.version
    except ItemChangedMeanwhile as error:
        if "*" in meant:
            raise
        raise ChangedMeanwhile from error


def represented(item: Item) -> dict[str, Any]:
    """`version` is a string: it doesn't fit the numbers of every JSON reader."""
    draft = draft_of(item)
    paths = dict(Category.objects.filter(pk__in=draft.categories).values_list("pk", "path"))
    return _outline(item) | {
        "description": item.description,
        "translations": item.translations,
        "categories": [paths[pk] for pk in draft.categories if pk in paths],
        "attributes": [
            {"name": fact.name, "type": TYPES[type(fact.value)], "value": str(fact.value)}
            for fact in draft.facts
        ],
        "pictures": [str(pk) for pk in draft.pictures],
    }


def _outline(item: Item) -> dict[str, Any]:
    return {
        "id": str(item.pk),
        "url": reverse("catalog:api-item", args=[item.pk]),
        "page": f"/items/{item.slug}" if item.is_published else None,
        "slug": item.slug,
        "title": item.title,
        "subtitle": item.subtitle,
        "price": None if item.price is None else str(item.price),
        "currency": item.currency,
        "cover": item.cover or None,
        "published": item.is_published,
        "published_at": item.published_at.isoformat() if item.published_at else None,
        "version": str(item.version),
    }


def _represented(ids: list[UUID]) -> list[dict[str, Any]]:
    items = Item.objects.in_bulk(ids)
    return [_outline(items[pk]) for pk in ids if pk in items]


def _visible(request: Request, item_id: UUID) -> Item:
    item = Item.objects.filter(pk=item_id).first()
    if item is None or not (item.is_published or request.user.has_role(Role.EDITOR)):  # type: ignore[union-attr]
        raise ItemNotFound(_("There is no such item. It may have been withdrawn."))
    return item


def _listing(path: str) -> Listing:
    """What is in the category at that path or below it; everything for none. Raises CategoryNotFound."""
    if not path:
        return Listing.objects.filter(pk=Listing.EVERYTHING).first() or Listing(pk=Listing.EVERYTHING)
    found = Listing.objects.filter(category__path=path).first()
    if found is None:
        raise CategoryNotFound(_("There is no such category. Choose one from the list."))
    return found


def _narrowed(request: Request) -> Narrowed:
    return read_strictly(request.query_params.getlist("filter"))


def limit_of(request: Request) -> int:
    limit = request.query_params.get("limit", str(PAGE))
    if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit[:9]) <= MOST:
        raise InvalidQuery(_("`limit` is a number from 1 to %(most)d.") % {"most": MOST})
    return int(limit[:9])


def _owner(request: Request) -> UUID:
    owner_id: UUID = request.user.id  # type: ignore[assignment]
    return owner_id
