"""What a page says of itself to search engines and to whoever shares its address: Open Graph, schema.org."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

Context = Mapping[str, Any]
Data = dict[str, Any]

FURTHER = ("in", "after", "before")
DESCRIPTION = 300  # characters; what is shown of it elsewhere is less
# Nothing that is written into a title ends the element it stands in.
ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def of_site() -> Data:
    """The front page: the site, and how it is searched."""
    search = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": f"{settings.SITE_URL}/search?q={{search_term}}"},
        "query-input": "required name=search_term",
    }
    site = {"@type": "WebSite", "name": settings.SITE_NAME, "url": f"{settings.SITE_URL}/"}
    return _about("/", settings.SITE_NAME, data=[site | {"potentialAction": search}])


def of_list(
    path: str, title: str, crumbs: Sequence[Context] = (), *, place: Mapping[str, Any] | None = None
) -> Data:
    """A list; its further pages, as `place` says, are pages of their own, and other orders the same page."""
    further = urlencode({name: place[name] for name in FURTHER if place and place.get(name)})
    return _about(f"{path}?{further}" if further else path, title, data=_line(crumbs, title))


def of_item(slug: str, item: Context, price: Any, currency: str) -> Data:
    """`item`: as its page shows it. `price`: a number or None."""
    path = f"/items/{slug}"
    pictures = [
        _on_cdn(picture["fallback_src"])
        for picture in item["pictures"]
        if picture and picture.get("fallback_src")
    ]
    thing: Data = {
        "@type": "CreativeWork" if price is None else "Product",
        "name": item["title"],
        "url": absolute(path),
        "description": item["description"] or None,
        "image": pictures or None,
    }
    if price is not None:
        thing["offers"] = {
            "@type": "Offer",
            "price": str(price),
            "priceCurrency": currency or None,
            "url": absolute(path),
        }
    return _about(
        path,
        item["title"],
        description=item["description"],
        image=pictures[0] if pictures else "",
        kind="article" if price is None else "product",
        data=[thing, *_line(item["crumbs"], item["title"])],
    )


def absolute(url: str) -> str:
    return f"{settings.SITE_URL}{url}" if url.startswith("/") else url


def _on_cdn(picture: str) -> str:
    """The whole address of a picture, on the host that pictures are served by."""
    return absolute(f"{settings.CDN_URL}{picture}" if picture.startswith("/") else picture)


def _about(
    path: str, title: str, *, description: str = "", image: str = "", kind: str = "website", data: list[Data]
) -> Data:
    return {
        "url": absolute(path),
        "title": title,
        "description": Truncator(strip_tags(description)).chars(DESCRIPTION),
        "image": image,
        "kind": kind,
        "data": [_script(one) for one in data],
    }


def _line(crumbs: Sequence[Context], title: str) -> list[Data]:
    """Where the page stands; nothing where nothing is above it."""
    if not crumbs:
        return []
    named = [{"name": crumb["title"], "item": absolute(crumb["url"])} for crumb in crumbs]
    places = [
        {"@type": "ListItem", "position": number} | place
        for number, place in enumerate([*named, {"name": title}], start=1)
    ]
    return [{"@type": "BreadcrumbList", "itemListElement": places}]


def _script(data: Data) -> SafeString:
    known = {"@context": "https://schema.org"} | {
        key: value for key, value in data.items() if value is not None
    }
    return mark_safe(json.dumps(known, ensure_ascii=False).translate(ESCAPES))
