"""For search engines: robots.txt, and the addresses of all that can be found, in parts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.catalog.metadata import absolute
from apps.catalog.models import Category, Item, Listing, ListingEntry

SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"
MOST = 50_000  # addresses in a file, by sitemaps.org
PART = 45_000  # what comes between two counts still fits
KEPT_SECONDS = 3600
KEY = "sitemap"
NOTHING: AttributesImpl[str] = AttributesImpl({})

kept = cache_control(public=True, max_age=KEPT_SECONDS)


@require_safe
@kept
def robots(request: HttpRequest) -> HttpResponse:
    """What is somebody's own is nothing to find, and a list in another order is the same list."""
    lines = ["User-agent: *"]
    closed = (
        "/accounts/",
        "/admin/",
        "/api/",
        "/editor/",
        "/favourites/",
        "/pictures/",
        "/search",
        "/*?*order=",
    )
    lines += [f"Disallow: {path}" for path in closed]
    lines += ["", f"Sitemap: {settings.SITE_URL}{reverse('catalog:sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
@kept
def index(request: HttpRequest) -> HttpResponse:
    """The parts."""
    parts = [reverse("catalog:sitemap-categories")]
    parts += [reverse("catalog:sitemap-items", args=[start]) for start in _starts()]
    return _xml("sitemapindex", "sitemap", ((path, None) for path in parts))


@require_safe
@kept
def categories(request: HttpRequest) -> HttpResponse:
    """The front page, the lists, and the categories with something in them, those at the top first."""
    rows = (
        Category.objects.filter(listing__items__gt=0)
        .order_by("path")
        .values_list("path", flat=True)[: MOST - 3]
    )
    paths = ["/", "/browse", "/categories/", *(f"/categories/{path}" for path in rows)]
    return _xml("urlset", "url", ((path, None) for path in paths))


@require_safe
@kept
def items(request: HttpRequest, start: UUID) -> HttpResponse:
    """Items in the order of their ids, from `start` to where the next part starts."""
    rows = (
        Item.objects.filter(is_published=True, pk__gte=start).order_by("pk").values_list("slug", "changed_at")
    )
    starts = _starts()
    following = starts[starts.index(start) + 1 :][:1] if start in starts else []
    rows = rows.filter(pk__lt=following[0]) if following else rows
    return _xml(
        "urlset", "url", ((f"/items/{slug}", changed_at) for slug, changed_at in rows[:MOST].iterator())
    )


def _starts() -> list[UUID]:
    """The first id of each part; counted once an hour."""
    return cache.get_or_set(KEY, _counted, KEPT_SECONDS) or []


def _counted() -> list[UUID]:
    entries = ListingEntry.objects.filter(listing=Listing.EVERYTHING)
    found = entries.order_by("item_id").values_list("item_id", flat=True)
    starts = list(found[:1])
    while starts:
        following = found.filter(item_id__gt=starts[-1])[PART - 1 : PART]
        if not following:
            break
        starts += following
    return starts


def _xml(root: str, element: str, found: Iterable[tuple[str, datetime | None]]) -> HttpResponse:
    response = HttpResponse(content_type="application/xml; charset=utf-8")
    xml = SimplerXMLGenerator(response, "utf-8")
    xml.startDocument()
    xml.startElement(root, AttributesImpl({"xmlns": SCHEMA}))
    for path, changed_at in found:
        xml.startElement(element, NOTHING)
        xml.addQuickElement("loc", absolute(path))
        if changed_at:
            xml.addQuickElement("lastmod", changed_at.isoformat(timespec="seconds"))
        xml.endElement(element)
    xml.endElement(root)
    xml.endDocument()
    return response
