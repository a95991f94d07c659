"""The answer at an address that a thing once had."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control

from apps.catalog import tags
from apps.catalog.models import Listing

MOVED_SECONDS = 3600


def moved(
    request: HttpRequest, name: str, now: str | None, *, asked: bool = True
) -> HttpResponsePermanentRedirect:
    """To where it is `now`, with what was `asked` for there; an hour later browsers ask again, for another may have
    taken this address. Raises Http404 for None."""
    if now is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "") if asked else ""
    response = HttpResponsePermanentRedirect(reverse(name, args=[now]) + (f"?{query}" if query else ""))
    patch_cache_control(response, public=True, max_age=MOVED_SECONDS)
    response.headers[tags.HEADER] = tags.of_page([Listing.EVERYTHING, Listing.SHAPE])
    return response
