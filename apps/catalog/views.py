"""Pages for visitors that are no lists of items: front, indexes, an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from apps.catalog import metadata, paging, shape, slugs
from apps.catalog.cards import cards
from apps.catalog.categories import current
from apps.catalog.favourite_views import hearts
from apps.catalog.filters import Narrowed, read
from apps.catalog.held import shows
from apps.catalog.localized import label_of, localized, shown_value
from apps.catalog.models import AttributeValue, Item, Kind, Listing, ListingEntry
from apps.catalog.moved import moved
from apps.catalog.parts import parts
from apps.catalog.release import release
from apps.catalog.text import fold
from apps.catalog.trees import children, line, named, place_of, version_of

CHILDREN = 24
TOP = 60
RELATED = 4
VALUES = 120
KEPT_SECONDS = 24 * 3600

Context = dict[str, Any]


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The newest items and the categories at the top."""
    narrowed = read()
    language = get_language() or "en"
    page = paging.page(narrowed.everything)
    context = {
        "cards": cards(page.items, language),
        "top": _top(narrowed, page, language),
        "items": narrowed.everything.items,
        "next": page.next and f"/browse?{urlencode({'after': page.next})}",
        "meta": metadata.of_site(),
    }
    return shows(render(request, "catalog/front.html", context), narrowed.versions)


def _top(narrowed: Narrowed, page: paging.Page, language: str) -> SafeString:
    """The newest item with a picture and the categories at the top; kept as HTML until any item or category changes."""
    versions = "-".join(str(version) for version in narrowed.versions.values())
    key = f"front:{release()}:{language}:{versions}"
    kept = cache.get(key)
    if kept is None:
        ids = [pk for pk, _version in page.items]
        found = {row["pk"]: row for row in Item.objects.filter(pk__in=ids).values("pk", "slug", "cover")}
        shown = {
            "site_name": settings.SITE_NAME,
            "hero": next((found[pk] for pk in ids if pk in found and found[pk]["cover"]), None),
            "items": narrowed.everything.items,
            "categories": named(children(None, most=TOP), language),
        }
        kept = str(render_to_string("catalog/front_top.html", shown))
        cache.set(key, kept, KEPT_SECONDS)
    return mark_safe(kept)


@require_safe
def values(request: HttpRequest, key: str) -> HttpResponse:
    """The values of an attribute, in the order of their slugs; a page of other names in the order of these."""
    narrowed = read()
    attribute = shape.attributes(narrowed.shape).get(key)
    if attribute is None or not attribute["is_browsable"]:
        raise Http404
    after = request.GET.get("after", "")
    rows = AttributeValue.objects.filter(attribute=attribute["id"], slug__gt=after, listing__items__gt=0)
    found = list(rows.order_by("slug").values("slug", "text", "kind", "listing__items")[: VALUES + 1])
    shown: list[Context] = [
        {
            "url": f"/browse/{key}/{row['slug']}",
            "title": shown_value(row["text"], row["kind"], attribute["translations"]),
            "items": row["listing__items"],
            "slug": row["slug"],
            "kind": row["kind"],
        }
        for row in found[:VALUES]
    ]
    if attribute["translations"].get(get_language() or "en", {}).get("values"):
        shown.sort(key=lambda one: fold(one["title"]) if one["kind"] == Kind.TEXT else one["slug"])
    context = {
        "title": label_of(attribute, get_language() or "en"),
        "values": shown,
        "next": f"?{urlencode({'after': found[VALUES - 1]['slug']})}" if len(found) > VALUES else "",
        "start": f"/browse/{key}" if after else "",
        "meta": metadata.of_list(
            request.path, label_of(attribute, get_language() or "en"), place=request.GET
        ),
    }
    return shows(render(request, "catalog/values.html", context), narrowed.versions)


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """The tree: what is at the top, or all that is in one category (`?in=path`)."""
    narrowed = read()
    language = get_language() or "en"
    path = request.GET.get("in", "")
    above = line(path) if path else []
    if path and (not above or above[-1]["path"] != path):
        return moved(request, "catalog:category", current(path), asked=False)
    own = above[-1] if above else None
    rows = children(own["pk"] if own else None, after=request.GET.get("after", ""), most=VALUES + 1)
    more = {"in": path, "after": place_of(rows[VALUES - 1])} if len(rows) > VALUES else {}
    context = {
        "title": localized(own["title"], own["translations"], "title", language) if own else "",
        "crumbs": named(above, language),
        "categories": named(rows[:VALUES], language),
        "next": f"?{urlencode(more)}" if more else "",
        "meta": metadata.of_list(request.path, gettext("Categories"), place=request.GET),
    }
    return shows(render(request, "catalog/categories.html", context), narrowed.versions)


@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """What the header's menu shows when it opens; asked about `items`, what of a page differs for who asks."""
    if "items" in request.GET:
        return hearts(request)
    narrowed = read()
    context = {"categories": named(children(None, most=16), get_language() or "en")}
    return shows(render(request, "catalog/menu.html", context), narrowed.versions)


@require_safe
def item(request: HttpRequest, slug: str) -> HttpResponse:
    """One item."""
    own = next(iter(PUBLISHED.filter(slug=slug)), None)
    if own is None:
        return moved(request, "catalog:item", slugs.current(slug))
    above = line(own["main_category__path"])
    language = get_language() or "en"
    context = item_context(own, above, language) | {"parts": parts(own, language)}
    # An item that changes is noticed by every listing it is in, so one of them stands for it.
    if own["main_category"]:
        versions = {own["main_category"]: own["main_category__listing__version"], Listing.SHAPE: own["shape"]}
    else:
        versions = {Listing.EVERYTHING: own["everything"], Listing.SHAPE: own["shape"]}
    around = _around(own, above)
    context["related"] = _related(own, around.pk)
    context["meta"] = metadata.of_item(slug, context, own["price"], own["currency"])
    return shows(
        render(request, "catalog/item.html", context),
        {around.pk: around.version} | versions,
        f"item-{own['pk']}",
    )


VERSIONS = {"shape": version_of(Listing.SHAPE), "everything": version_of(Listing.EVERYTHING)}
ITEM_COLUMNS = (
    *(
        "pk",
        "version",
        "slug",
        "title",
        "description",
        "translations",
        "price",
        "currency",
        "published_at",
        "is_published",
    ),
    *(
        "gallery",
        "facts",
        "main_category",
        "main_category__path",
        "main_category__listing__version",
        *VERSIONS,
    ),
)
# What is the same in every request is built once: building a query takes Django longer than running it takes MariaDB.
PUBLISHED = Item.objects.filter(is_published=True).annotate(**VERSIONS).values(*ITEM_COLUMNS)
NEWEST_FIRST = ListingEntry.objects.order_by("-published_at", "-item_id").values_list("item_id", "version")


def item_context(own: Mapping[str, Any], above: Sequence[Context], language: str) -> Context:
    """What an item's page is called and where it stands, of a row of ITEM_COLUMNS. `above`: its category's line."""
    return {
        "id": own["pk"],
        "title": localized(own["title"], own["translations"], "title", language),
        "description": localized(own["description"], own["translations"], "description", language),
        "pictures": own["gallery"],
        "crumbs": named(above, language),
    }


def _around(own: Mapping[str, Any], above: Sequence[Context]) -> Listing:
    """The smallest category around an item with enough others in it; else everything."""
    for row in reversed(above):
        if row["listing__items"] > RELATED:
            return Listing(pk=row["pk"], version=row["listing__version"])
    return Listing(pk=Listing.EVERYTHING, version=own["everything"])


def _related(own: Mapping[str, Any], listing: int) -> list[SafeString]:
    """The items that come after this one in its category, newest first: others for each."""
    is_other = ~Q(item=own["pk"])
    found = list(
        NEWEST_FIRST.filter(is_other, listing=listing, published_at__lte=own["published_at"])[:RELATED]
    )
    if len(found) < RELATED:
        found = list(NEWEST_FIRST.filter(is_other, listing=listing)[:RELATED])
    return cards(found, get_language() or "en")
