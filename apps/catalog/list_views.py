"""Pages of lists: everything, a category, the items of a value; each in any order, narrowed, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.catalog import asides, categories, metadata, paging, samples
from apps.catalog.cards import cards
from apps.catalog.contract import InvalidQuery
from apps.catalog.filters import Filter, Filters, Narrowed, parse, read
from apps.catalog.held import shows
from apps.catalog.links import Context, Links
from apps.catalog.localized import localized, shown_value
from apps.catalog.models import AttributeValue, Listing
from apps.catalog.moved import moved
from apps.catalog.samples import LIST, Sample
from apps.catalog.trees import children, named, shape_version, steps

CHILDREN = 24
KEPT_SECONDS = 24 * 3600


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """All items."""
    narrowed = read(_filters(request))
    return _page(request, narrowed.everything, narrowed, narrowed.versions, {"title": _("Everything")})


@require_safe
def category(request: HttpRequest, path: str) -> HttpResponse:
    """What is in a category and below it."""
    narrowed = read(_filters(request), path)
    if not narrowed.line or narrowed.line[-1].path != path:
        return moved(request, "catalog:category", categories.current(path))
    own, language = narrowed.line[-1], get_language() or "en"
    below = [] if narrowed.filters else _children(own.listing, narrowed.shape)
    context = {
        "title": localized(own.title, own.translations, "title", language),
        "crumbs": steps(narrowed.line[:-1], language),
        "children": named(below[:CHILDREN], language),
        "more_children": f"/categories/?in={path}" if len(below) > CHILDREN else "",
    }
    versions = {own.listing.pk: own.listing.version, Listing.SHAPE: narrowed.shape}
    return _page(request, own.listing, narrowed, versions, context)


@require_safe
def browse(request: HttpRequest, key: str, value: str) -> HttpResponse:
    """All items of which an attribute has this value."""
    columns = ("pk", "text", "kind", "listing__items", "listing__version", "shape")
    labels = ("attribute__label", "attribute__translations")
    found = AttributeValue.objects.filter(attribute__key=key, attribute__is_browsable=True, slug=value)
    own = found.annotate(shape=shape_version()).values(*columns, *labels).first()
    if own is None or not own["listing__items"]:
        raise Http404
    listing = Listing(pk=own["pk"], items=own["listing__items"], version=own["listing__version"])
    label = localized(
        own["attribute__label"], own["attribute__translations"], "label", get_language() or "en"
    )
    filters = _filters(request)
    narrowed = read(filters) if filters else Narrowed(everything=listing, shape=own["shape"], filters={})
    context = {
        "title": shown_value(own["text"], own["kind"], own["attribute__translations"]),
        "kicker": label,
        "crumbs": [{"title": label, "url": f"/browse/{key}"}],
    }
    versions = {listing.pk: listing.version, Listing.SHAPE: own["shape"]}
    return _page(request, listing, narrowed, versions, context)


def _page(
    request: HttpRequest,
    listing: Listing,
    narrowed: Narrowed,
    versions: Mapping[int, int],
    context: Context,
) -> HttpResponse:
    """A list of cards with its orders, filters and facets."""
    language, filters = get_language() or "en", narrowed.filters
    order = request.GET.get("order", "newest")
    after, before = request.GET.get("after"), request.GET.get("before")
    links = Links(request.path, order, list(filters))
    kept_as = asides.key_of(links, language, versions)
    aside = None if filters else asides.kept(kept_as)
    sample = samples.SAMPLE if aside is None else 0
    try:
        page = paging.page(
            listing,
            order=order,
            language=language,
            after=after,
            before=before,
            within=narrowed.groups,
            sample=sample,
        )
    except InvalidQuery:
        return HttpResponseRedirect(links.beginning())
    is_start = after is None and before is None
    if aside is None:
        wider = paging.wider(listing, order=order, language=language, within=narrowed.groups)
        read_of = samples.read({LIST: samples.of_items(page.sample), **wider})
        aside = asides.made(_known_of(read_of, listing, is_start=is_start), links, filters, language)
        if is_start and not filters:
            asides.keep(kept_as, aside)
    if filters:  # what they name may change without the list's own changing
        versions = {**versions, Listing.EVERYTHING: narrowed.everything.version}
    context |= {
        "cards": cards(page.items, language),
        **_count(listing, filters, page, is_start=is_start),
        "orders": links.orders(has_prices=aside.has_prices),
        **links.chosen(filters),
        "aside": aside.html,
        "next": page.next and links.to(after=page.next),
        "previous": page.previous and links.to(before=page.previous),
        "start": links.to() if page.previous else "",
        "meta": metadata.of_list(
            request.path, context["title"], context.get("crumbs", ()), place=request.GET
        ),
    }
    return shows(render(request, "catalog/list.html", context), versions)


def _count(listing: Listing, filters: Filters, page: paging.Page, *, is_start: bool) -> Context:
    """How many `items`, as far as it is known without counting; whether there may be `more`."""
    if not filters:
        return {"items": listing.items}
    if len(filters) == 1 and listing.pk == Listing.EVERYTHING:
        [(only, _title)] = filters.values()
        return {"items": only.items}
    if not is_start:
        return {"items": None}
    return {"items": len(page.sample), "more": len(page.sample) == samples.SAMPLE}


def _known_of(read_of: Mapping[str, Sample], listing: Listing, *, is_start: bool) -> dict[str, Sample]:
    """The samples, with what only the page knows: its own begins with the page, and which is of everything: in the list
    of all items its own, or where it is narrowed by one attribute alone the one without that.
    """
    own = read_of[LIST]
    found = {**read_of, LIST: replace(own, is_whole=own.is_whole and is_start)}
    *_others, widest = found
    if listing.pk == Listing.EVERYTHING and len(found) <= 2:
        found[widest] = replace(found[widest], of_everything=True)
    return found


def _children(listing: Listing, shape: int) -> list[Context]:
    """Kept until something in the category or the tree changes."""
    key = f"children:{listing.pk}:{listing.version}:{shape}"
    rows: list[Context] | None = cache.get(key)
    if rows is None:
        rows = children(listing.pk, most=CHILDREN + 1)
        cache.set(key, rows, KEPT_SECONDS)
    return rows


def _filters(request: HttpRequest) -> list[Filter]:
    return parse(request.GET.getlist("filter"))
