"""What a cache in front of the site knows our pages by: the header `Cache-Tag`."""

from __future__ import annotations

from collections.abc import Iterable

HEADER = "Cache-Tag"
EVERY_PAGE = "catalog"
MOST = 100  # in one event, and for Cloudflare in one request


def of_listings(ids: Iterable[int]) -> list[str]:
    return [f"listing-{pk}" for pk in ids]


def of_page(listings: Iterable[int], *more: str) -> str:
    """The header of a page that shows something of these listings."""
    return ",".join([EVERY_PAGE, *of_listings(listings), *more])


def to_forget(listings: Iterable[int]) -> list[str]:
    """The tags of all pages that show something of these listings: when they are too many, of every page."""
    found = of_listings(listings)
    return found if len(found) <= MOST else [EVERY_PAGE]
