"""The filters beside a list, kept as HTML until something that they are counted of changes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.catalog import facets
from apps.catalog.filters import Filters
from apps.catalog.links import Links
from apps.catalog.release import release
from apps.catalog.samples import Sample

KEPT_SECONDS = 24 * 3600


class Aside(NamedTuple):
    """`has_prices`: whether anything in the list has one."""

    html: SafeString
    has_prices: bool


def key_of(links: Links, language: str, versions: Mapping[int, int]) -> str:
    """`versions`: of the listings that the list is made of."""
    whole = f"{release()}|{language}|{links.to()}|{sorted(versions.items())}"
    return f"aside:{blake2b(whole.encode(errors='replace'), digest_size=20).hexdigest()}"


def kept(key: str) -> Aside | None:
    found = cache.get(key)
    return Aside(mark_safe(found[0]), found[1]) if found else None


def keep(key: str, aside: Aside) -> None:
    cache.set(key, (str(aside.html), aside.has_prices), KEPT_SECONDS)


def made(read_of: Mapping[str, Sample], links: Links, filters: Filters, language: str) -> Aside:
    """The facets of these samples."""
    shown = links.offered(facets.facets(read_of, filters, language))
    html = render_to_string("catalog/facets.html", shown) if shown["facets"] else ""
    return Aside(mark_safe(html), facets.has_prices(read_of))
