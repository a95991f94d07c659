"""Pages of one's favourites; and for hearts on pages that are the same for everybody, which of them are on."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.auth.client import require_sign_in
from apps.catalog import favourites
from apps.catalog.cards import cards
from apps.catalog.contract import InvalidQuery, ItemNotFound, TooManyFavourites
from apps.catalog.localized import title_of
from apps.catalog.models import Item

PAGE = 24
HEARTS = 200  # on one page
WITHIN = "X-Within-Page"


@require_safe
@require_sign_in
def all_of_them(request: HttpRequest) -> HttpResponse:
    """One's favourites, the newest first."""
    after = request.GET.get("after")
    try:
        found, following = favourites.page(_me(request), size=PAGE, after=after, published=True)
    except InvalidQuery:
        return redirect("catalog:favourites")
    context = {
        "cards": cards([(row.item_id, row.item.version) for row in found], get_language() or "en"),
        "next": f"?{urlencode({'after': following})}" if following else "",
        "start": request.path if after else "",
    }
    return render(request, "catalog/favourites.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require_sign_in
def one(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Where a heart leads without JavaScript: asks, since a link changes nothing. POST `keep`: 1 or 0.

    A script that stays on its page sends the header X-Within-Page and is answered 204.
    """
    item = Item.objects.filter(pk=item_id, is_published=True).first()
    if item is None:
        raise Http404
    if request.method != "POST":
        return _ask(request, item)
    try:
        said = _keep(request, item)
    except (ItemNotFound, TooManyFavourites) as problem:
        if request.headers.get(WITHIN):
            return JsonResponse({"detail": str(problem)}, status=409)
        messages.error(request, str(problem))
        return redirect("catalog:favourites")
    if request.headers.get(WITHIN):
        return HttpResponse(status=204)
    messages.success(request, said)
    return redirect("catalog:item", slug=item.slug)


def _ask(request: HttpRequest, item: Item) -> HttpResponse:
    context = {
        "cards": cards([(item.pk, item.version)], get_language() or "en"),
        "title": title_of(item),
        "slug": item.slug,
        "is_kept": bool(favourites.among(_me(request), [item.pk])),
    }
    return render(request, "catalog/favourite.html", context)


def _keep(request: HttpRequest, item: Item) -> str:
    if request.POST.get("keep") == "0":
        favourites.remove(_me(request), item.pk)
        return _("“%(title)s” is no longer among your favourites.") % {"title": title_of(item)}
    favourites.add(_me(request), item.pk)
    return format_html(
        _('“{title}” is among <a href="{url}">your favourites</a>.'), title=title_of(item), url="/favourites/"
    )


@never_cache
def hearts(request: HttpRequest) -> HttpResponse:
    """Which of `?items=id,id…` are favourites, and the token that a change needs; nothing for the signed-out."""
    if not request.principal.is_authenticated:  # type: ignore[attr-defined]
        return JsonResponse({"favourites": None})
    asked = [pk for text in request.GET.get("items", "").split(",")[:HEARTS] if (pk := _uuid(text))]
    found = favourites.among(_me(request), asked) if asked else set()
    return JsonResponse({"favourites": [str(pk) for pk in found], "token": get_token(request)})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _me(request: HttpRequest) -> UUID:
    person_id: UUID = request.principal.id  # type: ignore[attr-defined]
    return person_id
