"""What our pages are compared with: Django views that do nothing but return bytes, or render a page from memory.

/bytes/<size>    a view that returns `size` bytes it holds
/page/<path>     the page at <path>, made by the same templates from plain values that are in memory: no database,
                 and every card, filter and frame of it rendered
/cards/<size>    cards in a frame, made like that: as many as make the page at least `size` bytes long
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle, islice
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.core.cache.backends.dummy import DummyCache
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template, render_to_string
from django.urls import path, resolve
from django.utils.safestring import mark_safe

application = get_wsgi_application()

from apps.auth.contract import Principal
from apps.catalog import asides, list_views, search_views, shape, views
from apps.catalog import cards as site_cards
from apps.catalog import parts as site_parts
from apps.catalog.models import Item
from monolith.web.templatetags.once import Once

Once.render = lambda self, context: self.body.render(context)  # type: ignore[method-assign]


# What the site keeps as HTML, by its template: what it is called in the page's.
PARTS = {"catalog/facets.html": "aside", "catalog/front_top.html": "top"}


@dataclass(frozen=True)
class Recorded:
    """What a view of the site gave to its template."""

    template: str
    context: dict[str, Any]
    part: tuple[str, dict[str, Any]] | None

    def of_cards(self, number: int) -> Recorded:
        """So many of its cards, without filters."""
        cards = list(islice(cycle(self.context["cards"]), number))
        return replace(self, context=self.context | {"cards": cards, "aside": ""}, part=None)


def record(request: HttpRequest, address: str) -> Recorded:
    """Let the site's own view make the page once; keep the values it would have rendered."""
    kept: list[Recorded] = []
    rendered: list[tuple[str, dict[str, Any]]] = []

    def render(_request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        kept.append(Recorded(template, context, rendered[-1] if rendered else None))
        return HttpResponse()

    def render_part(template: str, context: dict[str, Any]) -> str:
        rendered.append((template, context))
        return ""

    def cards(items: list[tuple[UUID, int]], language: str) -> list[dict[str, Any]]:
        ids = [pk for pk, _version in items]
        rows = {row["pk"]: row for row in Item.objects.filter(pk__in=ids).values("pk", *site_cards.COLUMNS)}
        return [site_cards.values(rows[pk], language) for pk in ids]

    def parts(own: dict[str, Any], language: str) -> dict[str, Any]:
        return site_parts.values(own, shape.attributes(own["shape"]), language)

    view = resolve(address, "monolith.urls")
    with ExitStack() as stack:
        for module in (views, list_views, search_views):
            stack.enter_context(patch.multiple(module, render=render, cards=cards))
        stack.enter_context(patch.object(views, "parts", parts))
        nothing_kept = DummyCache("", {})
        stack.enter_context(patch.multiple(asides, render_to_string=render_part, cache=nothing_kept))
        stack.enter_context(patch.multiple(views, render_to_string=render_part, cache=nothing_kept))
        # It marks what was found in cards that are HTML already; these are still values.
        stack.enter_context(patch.object(search_views, "mark_cards", lambda found, _query: found))
        view.func(request, *view.args, **view.kwargs)
    return kept[-1]


recorded: dict[str, Recorded] = {}


def known_of(request: HttpRequest, address: str) -> Recorded:
    request.principal = Principal()  # type: ignore[attr-defined]
    key = f"{address}?{request.META['QUERY_STRING']}"
    if key not in recorded:
        recorded[key] = record(request, address)
    return recorded[key]


def rendered(request: HttpRequest, known: Recorded) -> str:
    card = get_template("catalog/card.html")
    made: dict[str, Any] = {
        name: [mark_safe(card.render(values)) for values in known.context[name]]
        for name in ("cards", "related")
        if name in known.context
    }
    if known.part:
        made[PARTS[known.part[0]]] = mark_safe(render_to_string(*known.part))
    if shown := known.context.get("parts"):
        made["parts"] = {
            name: mark_safe(render_to_string(f"catalog/item_{name}.html", shown))
            for name in site_parts.Parts._fields
        }
    return get_template(known.template).render(known.context | made, request)


def page(request: HttpRequest, address: str) -> HttpResponse:
    return HttpResponse(rendered(request, known_of(request, f"/{address}")))


of_size: dict[int, Recorded] = {}


def cards_of_size(request: HttpRequest, size: int) -> HttpResponse:
    first_page = known_of(request, "/browse")
    if size not in of_size:
        of_size[size] = first_page.of_cards(0)
        while len(rendered(request, of_size[size]).encode()) < size:
            of_size[size] = first_page.of_cards(len(of_size[size].context["cards"]) + 1)
    return HttpResponse(rendered(request, of_size[size]))


@cache
def body(size: int) -> bytes:
    return b"x" * size


def ready_bytes(request: HttpRequest, size: int) -> HttpResponse:
    return HttpResponse(body(size))


urlpatterns = [
    path("bytes/<int:size>", ready_bytes),
    path("cards/<int:size>", cards_of_size),
    path("page/", page, {"address": ""}),
    path("page/<path:address>", page),
]
