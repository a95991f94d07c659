"""Pages for visitors: front, categories, browsing by attribute, items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import F, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.catalog import facets, paging, shape
from apps.catalog.cards import cards
from apps.catalog.categories import paths_to
from apps.catalog.contract import InvalidQuery
from apps.catalog.filters import Filter, Narrowed, parse, read
from apps.catalog.held import shows
from apps.catalog.localized import label_of, localized, shown_value
from apps.catalog.models import AttributeValue, Category, Item, Listing, ListingEntry
from apps.catalog.prices import shown_price
from apps.catalog.release import release

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
    hero, top = _welcome(narrowed, page)
    context = {
        "cards": cards(page.items, language),
        "hero": hero,
        "items": narrowed.everything.items,
        "categories": _named(top, language),
        "next": page.next and f"/browse?{urlencode({'after': page.next})}",
    }
    return shows(render(request, "catalog/front.html", context), narrowed.versions)


def _welcome(narrowed: Narrowed, page: paging.Page) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The newest item with a picture and the categories at the top; kept until any item or category changes."""
    key = "front:" + "-".join(str(version) for version in narrowed.versions.values())
    kept = cache.get(key)
    if kept is None:
        ids = [pk for pk, _version in page.items]
        found = {row["pk"]: row for row in Item.objects.filter(pk__in=ids).values("pk", "slug", "cover")}
        kept = next((found[pk] for pk in ids if pk in found and found[pk]["cover"]), None), _children(None)
        cache.set(key, kept, KEPT_SECONDS)
    return kept


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """All items, in any order."""
    narrowed = read(_filters(request))
    context = {"title": _("Everything"), "crumbs": []}
    return _listing(request, narrowed.everything, narrowed, context, narrowed.versions)


@require_safe
def category(request: HttpRequest, path: str) -> HttpResponse:
    """A category: what is in it and below it."""
    line = _line(path)
    if path not in line:
        raise Http404
    own = line[path]
    listing = Listing(pk=own["pk"], items=own["listing__items"], version=own["listing__version"])
    language = get_language() or "en"
    narrowed = read(filters) if (filters := _filters(request)) else None
    children = [] if narrowed else _shown_children(listing, own["shape"])
    context = {
        "title": localized(own["title"], own["translations"], "title", language),
        "crumbs": _crumbs([line[step] for step in paths_to(path)[:-1] if step in line], language),
        "children": _named(children[:CHILDREN], language),
        "more_children": f"/categories/?in={path}" if len(children) > CHILDREN else "",
    }
    versions = {listing.pk: listing.version, Listing.SHAPE: own["shape"]}
    return _listing(request, listing, narrowed, context, versions)


@require_safe
def browse(request: HttpRequest, key: str, value: str) -> HttpResponse:
    """All items of which an attribute has this value."""
    columns = ("pk", "text", "kind", "listing__items", "listing__version", "shape")
    found = AttributeValue.objects.filter(attribute__key=key, attribute__is_browsable=True, slug=value)
    own = found.annotate(shape=shape_version()).values(*columns).first()
    if own is None or not own["listing__items"]:
        raise Http404
    listing = Listing(pk=own["pk"], items=own["listing__items"], version=own["listing__version"])
    language = get_language() or "en"
    label = label_of(shape.attributes(own["shape"])[key], language)
    narrowed = read(filters) if (filters := _filters(request)) else None
    context = {
        "title": shown_value(own["text"], own["kind"]),
        "kicker": label,
        "crumbs": [{"title": label, "url": f"/browse/{key}"}],
    }
    versions = {listing.pk: listing.version, Listing.SHAPE: own["shape"]}
    return _listing(request, listing, narrowed, context, versions, own_filter=Filter(key, value))


@require_safe
def values(request: HttpRequest, key: str) -> HttpResponse:
    """The values of an attribute, in the order of their slugs."""
    narrowed = read()
    attribute = shape.attributes(narrowed.shape).get(key)
    if attribute is None or not attribute["is_browsable"]:
        raise Http404
    after = request.GET.get("after", "")
    rows = AttributeValue.objects.filter(attribute=attribute["id"], slug__gt=after, listing__items__gt=0)
    found = list(rows.order_by("slug").values("slug", "text", "kind", "listing__items")[: VALUES + 1])
    context = {
        "title": label_of(attribute, get_language() or "en"),
        "values": [
            {
                "url": f"/browse/{key}/{row['slug']}",
                "title": shown_value(row["text"], row["kind"]),
                "items": row["listing__items"],
            }
            for row in found[:VALUES]
        ],
        "next": f"?{urlencode({'after': found[VALUES - 1]['slug']})}" if len(found) > VALUES else "",
        "start": f"/browse/{key}" if after else "",
    }
    return shows(render(request, "catalog/values.html", context), narrowed.versions)


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """The tree: what is at the top, or all that is in one category (`?in=path`)."""
    narrowed = read()
    language = get_language() or "en"
    above = _line(path) if (path := request.GET.get("in", "")) else {}
    if path and path not in above:
        raise Http404
    after = request.GET.get("after", "")
    rows = _children(above[path]["pk"] if path else None, after=after, most=VALUES + 1)
    context = {
        "title": localized(above[path]["title"], above[path]["translations"], "title", language)
        if path
        else "",
        "crumbs": _crumbs(above.values(), language),
        "categories": _named(rows[:VALUES], language),
        "next": f"?{urlencode({'in': path, 'after': rows[VALUES - 1]['title']})}"
        if len(rows) > VALUES
        else "",
    }
    return shows(render(request, "catalog/categories.html", context), narrowed.versions)


@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """What the header's menu shows when it opens."""
    narrowed = read()
    context = {"categories": _named(_children(None, most=16), get_language() or "en")}
    return shows(render(request, "catalog/menu.html", context), narrowed.versions)


@require_safe
def item(request: HttpRequest, slug: str) -> HttpResponse:
    """One item."""
    found = Item.objects.filter(slug=slug, is_published=True).annotate(shape=shape_version())
    own = found.values(*ITEM_COLUMNS).first()
    if own is None:
        raise Http404
    context = item_context(own, get_language() or "en")
    listing = own["main_category"] or Listing.EVERYTHING
    context["related"] = _related(own, listing)
    # An item that changes is noticed by every listing it is in, so one of them stands for it.
    if own["main_category"]:
        versions = {listing: own["main_category__listing__version"], Listing.SHAPE: own["shape"]}
    else:
        versions = read().versions
    return shows(render(request, "catalog/item.html", context), versions)


ITEM_COLUMNS = (
    *(
        "pk",
        "slug",
        "title",
        "description",
        "translations",
        "price",
        "currency",
        "published_at",
        "gallery",
        "facts",
    ),
    *("main_category", "main_category__path", "main_category__listing__version", "shape"),
)


def item_context(own: Mapping[str, Any], language: str) -> Context:
    """What an item's page shows of the item: a row of ITEM_COLUMNS as plain strings."""
    path = own["main_category__path"]
    line = _line(path) if path else {}
    return {
        "id": own["pk"],
        "title": localized(own["title"], own["translations"], "title", language),
        "description": localized(own["description"], own["translations"], "description", language),
        "price": shown_price(own["price"], own["currency"], language),
        "pictures": own["gallery"],
        "facts": _facts(own["facts"], shape.attributes(own["shape"]), language),
        "crumbs": _crumbs([line[step] for step in paths_to(path) if step in line], language) if path else [],
    }


def _facts(facts: Sequence[dict[str, str]], attributes: shape.Attributes, language: str) -> list[Context]:
    groups: dict[str, Context] = {}
    for fact in facts:
        if attribute := attributes.get(fact["key"]):
            group = groups.setdefault(fact["key"], {"label": label_of(attribute, language), "values": []})
            url = f"/browse/{fact['key']}/{fact['slug']}" if fact["slug"] else ""
            group["values"].append({"text": shown_value(fact["text"], fact["kind"]), "url": url})
    return list(groups.values())


def _related(own: Mapping[str, Any], listing: int) -> list[SafeString]:
    """The items that come after this one in its category, newest first: others for each."""
    rows = ListingEntry.objects.filter(listing=listing).exclude(item=own["pk"])
    newest_first = rows.order_by("-published_at", "-item_id").values_list("item_id", "version")
    found = list(newest_first.filter(published_at__lte=own["published_at"])[:RELATED])
    if len(found) < RELATED:
        found = list(newest_first[:RELATED])
    return cards(found, get_language() or "en")


# What lists have in common


def _listing(
    request: HttpRequest,
    listing: Listing,
    narrowed: Narrowed | None,
    context: Context,
    versions: Mapping[int, int],
    own_filter: Filter | None = None,
) -> HttpResponse:
    """A list of cards with its orders, filters and facets."""
    language = get_language() or "en"
    filters = narrowed.filters if narrowed else {}
    within = narrowed.listings if narrowed else []
    order = request.GET.get("order", "newest")
    after, before = request.GET.get("after"), request.GET.get("before")
    try:
        page = paging.page(listing, order=order, language=language, after=after, before=before, within=within)
    except InvalidQuery:
        return HttpResponseRedirect(request.path)
    links = Links(request.path, order, list(filters))
    if narrowed:
        versions = {**versions, Listing.EVERYTHING: narrowed.everything.version}
    context |= {
        "cards": cards(page.items, language),
        "items": None if filters else listing.items,
        "orders": links.orders(),
        "filters": links.chosen(filters),
        "aside": _aside(listing, within, links, versions[Listing.SHAPE], own_filter),
        "next": page.next and links.to(after=page.next),
        "previous": page.previous and links.to(before=page.previous),
        "start": links.to() if page.previous else "",
    }
    return shows(render(request, "catalog/list.html", context), versions)


def _aside(
    listing: Listing, within: Sequence[Listing], links: Links, shape_version: int, own_filter: Filter | None
) -> SafeString:
    """The facets as HTML; of a whole listing they are kept until it changes."""
    language = get_language() or "en"
    without = [*links.filters, *([own_filter] if own_filter else [])]
    key = f"aside:{release()}:{language}:{links.order}:{listing.version}:{shape_version}"
    kept: str | None = None if within else cache.get(key)
    if kept is None:
        sample = paging.sample([listing, *within], facets.SAMPLE)
        found = facets.facets(
            facets.of_items(sample),
            shape.attributes(shape_version),
            language,
            whole=len(sample) < facets.SAMPLE,
            without=without,
        )
        kept = render_to_string("catalog/facets.html", {"facets": links.offered(found)}) if found else ""
        if not within:
            cache.set(key, kept, KEPT_SECONDS)
    return mark_safe(kept)


class Links:
    """The addresses of a list in its other orders, narrower, wider, further on."""

    def __init__(self, path: str, order: str = "newest", filters: Sequence[Filter] = (), q: str = "") -> None:
        self.path, self.order, self.filters, self.q = path, order, list(filters), q

    def to(self, *, order: str = "", filters: Sequence[Filter] | None = None, **more: str) -> str:
        order = order or self.order
        pairs = [("q", self.q)] if self.q else []
        pairs += [("order", order)] if order != "newest" else []
        pairs += [("filter", str(one)) for one in (self.filters if filters is None else filters)]
        query = urlencode([*pairs, *more.items()])
        return f"{self.path}?{query}" if query else self.path

    def orders(self) -> list[Context]:
        titles = {"newest": _("Newest"), "title": _("Title"), "price": _("Price")}
        return [
            {"title": titles[order], "url": self.to(order=order), "is_on": order == self.order}
            for order in paging.ORDERS
        ]

    def chosen(self, filters: Mapping[Filter, tuple[Listing, str]]) -> list[Context]:
        """Each with the address of the list without it."""
        return [
            {"title": title, "url": self.to(filters=[other for other in self.filters if other != one])}
            for one, (_listing, title) in filters.items()
        ]

    def offered(self, found: Sequence[facets.Facet]) -> list[Context]:
        return [
            {
                "label": facet.label,
                "choices": [
                    {
                        "title": choice.title,
                        "items": choice.items,
                        "url": self.to(filters=[*self.filters, choice.filter]),
                    }
                    for choice in facet.choices
                ],
            }
            for facet in found
        ]


def _filters(request: HttpRequest) -> list[Filter]:
    return parse(request.GET.getlist("filter"))


def shape_version() -> Subquery:
    return Subquery(Listing.objects.filter(pk=Listing.SHAPE).values("version"))


def _line(path: str) -> dict[str, dict[str, Any]]:
    """A category and those above it, by path."""
    columns = ("pk", "path", "title", "translations", "listing__items", "listing__version", "shape")
    found = Category.objects.filter(path__in=paths_to(path)[:20]).annotate(shape=shape_version())
    return {row["path"]: row for row in found.order_by("path").values(*columns)}


def _crumbs(line: Any, language: str) -> list[Context]:
    return _named(line, language)


def _children(parent: int | None, *, after: str = "", most: int = TOP) -> list[dict[str, Any]]:
    """Categories with something in them, right below one or at the top."""
    rows: QuerySet[Category] = Category.objects.filter(parent=parent, listing__items__gt=0)
    if after:
        rows = rows.filter(title__gt=after)
    columns = ("path", "title", "translations")
    return list(rows.order_by("position", "title").values(*columns, items=F("listing__items"))[:most])


def _shown_children(listing: Listing, shape_version: int) -> list[dict[str, Any]]:
    """Kept until something in the category or the tree changes."""
    key = f"children:{listing.version}:{shape_version}"
    rows: list[dict[str, Any]] | None = cache.get(key)
    if rows is None:
        rows = _children(listing.pk, most=CHILDREN + 1)
        cache.set(key, rows, KEPT_SECONDS)
    return rows


def _named(rows: Any, language: str) -> list[Context]:
    return [
        {
            "title": localized(row["title"], row["translations"], "title", language),
            "url": f"/categories/{row['path']}",
            "items": row.get("items"),
        }
        for row in rows
    ]
