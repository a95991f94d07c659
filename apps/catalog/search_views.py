"""Pages of search: results with facets, and suggestions while somebody types."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from apps.catalog import asides
from apps.catalog.cards import cards
from apps.catalog.contract import InvalidQuery
from apps.catalog.filters import parse, read
from apps.catalog.held import shows
from apps.catalog.highlights import mark_cards, marked, terms
from apps.catalog.links import Links
from apps.catalog.search import QUERY_LENGTH, search
from apps.catalog.sorting import ORDERS, RELEVANCE
from apps.catalog.suggestions import suggest


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """What was found, with facets of it; where it can be sorted, in any order."""
    query = " ".join(request.GET.get("q", "").split())[:QUERY_LENGTH]
    after = request.GET.get("after")
    language = get_language() or "en"
    narrowed = read(parse(request.GET.getlist("filter")))
    links = Links(
        request.path, request.GET.get("order", RELEVANCE), list(narrowed.filters), q=query, among=ORDERS
    )
    kept_as = asides.key_of(links, language, narrowed.versions)
    aside = asides.kept(kept_as)
    try:
        found = search(
            query,
            documents=narrowed.everything.items,
            after=after,
            within=narrowed.groups,
            order=links.order,
            language=language,
            faceted=aside is None,
        )
    except InvalidQuery:
        return HttpResponseRedirect(links.beginning())
    if not found.sortable:
        links.order = RELEVANCE
    if aside is None:
        aside = asides.made(found.samples, links, narrowed.filters, language)
        if not after:
            asides.keep(kept_as, aside)
    context = {
        "q": query,
        "cards": mark_cards(cards(found.items, language), query),
        "total": found.total,
        "more": found.more,
        "sortable": found.sortable,
        "orders": links.orders(has_prices=aside.has_prices),
        **links.chosen(narrowed.filters),
        "aside": aside.html,
        "next": found.next and links.to(after=found.next),
        "start": links.to() if after else "",
    }
    return shows(render(request, "catalog/search.html", context), narrowed.versions)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """A few lines for the search field."""
    narrowed = read()
    query = request.GET.get("q", "")
    found = suggest(query, narrowed.everything.items, get_language() or "en")
    wanted = terms(query)
    shown = [
        {"title": marked(one.title, wanted), "note": marked(one.note, wanted), "url": one.url}
        for one in found
    ]
    return shows(render(request, "catalog/suggestions.html", {"suggestions": shown}), narrowed.versions)
