"""Which pages are measured, and by which address one is made afresh."""

from __future__ import annotations

import html
import re
import urllib.request
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

NEXT = re.compile(r'rel="next" href="([^"]+)"')
LINK = re.compile(r'href="(/(?:items|categories)/[^"]+)"')
CHOICE = re.compile(r'name="filter" value="([^."][^"]*)"')  # of an attribute; a category begins with a dot
DEEP = 500


def pages(site: str, *, common: str, rare: str, deep: int = DEEP) -> dict[str, str]:
    """The paths of the pages by name, found on the site as a visitor finds them."""
    front = read(site + "/")
    category = next(path for path in LINK.findall(front) if path.startswith("/categories/"))
    return {
        "front": "/",
        "catalogue": "/browse",
        f"page {deep}": nth_page(site, "/browse", deep),
        "category": category,
        "item": next(path for path in LINK.findall(front) if path.startswith("/items/")),
        "search common": f"/search?q={common}",
        "search rare": f"/search?q={rare}",
    }


def faceted(site: str, words: Mapping[str, str]) -> dict[str, str]:
    """Searches for each word and the list of everything, as they are and with one and two values of the first attribute
    that the site offers there.
    """
    found = {}
    for name, path in {
        **{name: f"/search?q={word}" for name, word in words.items()},
        "browse": "/browse",
    }.items():
        values = CHOICE.findall(read(site + path))
        same = [
            html.unescape(value) for value in values if value.partition(":")[0] == values[0].partition(":")[0]
        ]
        for number, chosen in enumerate(("", ", one value", ", two values")):
            query = urlencode([("filter", value) for value in same[:number]])
            found[f"{name}{chosen}"] = f"{path}{'&' if '?' in path else '?'}{query}".rstrip("?&")
    return found


def nth_page(site: str, path: str, number: int) -> str:
    """The path of that page, reached by following `next` from the first one, or the last page there is."""
    for _page in range(number - 1):
        following = NEXT.search(read(site + path))
        if following is None:
            return path
        path = html.unescape(following.group(1))
    return path


def afresh(url: str) -> str:
    """The page at an address that nobody asked for before, so nothing is held for it."""
    return f"{url}{'&' if '?' in url else '?'}in={uuid.uuid4().hex}"


def read(url: str, cookies: Mapping[str, str] | None = None) -> str:
    request = urllib.request.Request(url, headers={"Cookie": cookie_header(cookies or {})})
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body.decode()


def cookie_header(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
