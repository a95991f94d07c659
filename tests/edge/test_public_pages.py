"""Pages for people who are not signed in, walked: no cookie, kept by caches between, and nobody's in particular."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.contrib.messages import INFO
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver

from apps.catalog import held, service
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Item
from apps.media.storage import tag_of
from monolith.edge import cache_control
from monolith.prefixes import PAGES
from seam import atomic
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
ALLOWED = {"public", "max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"}
# Public, and the same for everybody: kept by the clock.
BY_CLOCK = (
    "/robots.txt",
    "/sitemap.xml",
    "/sitemap/categories.xml",
    "/offline",
    "/sw.js",
    "/manifest.webmanifest",
)
# What nobody between may keep.
PRIVATE = (
    "/accounts/login/",
    "/accounts/signup/",
    "/nowhere",
    "/items/nothing",
    "/api/nowhere",
    "/api/reference",
)
LINK = re.compile(r'href="(/[^"#]*)"')


@pytest.fixture(autouse=True)
def shop() -> None:
    held.forget()
    with atomic("catalog"):
        place = service.ensure_categories([("Place", "Harbour")])["Place", "Harbour"].pk
        drafts = [
            Draft(
                title=f"Boat {number}",
                categories=[place],
                facts=[Fact(name="Artist", value=f"Painter {number % 3}")],
            )
            for number in range(30)
        ]
        service.create_items([Item(is_published=True) for _draft in drafts], drafts)


def walk(client: Client, *, at_most: int = 60) -> dict[str, Any]:
    """Every page of the catalogue that can be reached from the front by links."""
    found: dict[str, Any] = {}
    ahead = ["/", "/search?q=boat", "/search/suggest?q=bo", "/menu"]
    while ahead and len(found) < at_most:
        address = ahead.pop(0).replace("&amp;", "&")
        if address in found or not (address == "/" or address.startswith(PAGES)):
            continue
        found[address] = client.get(address)
        ahead += LINK.findall(found[address].content.decode())
    return found


def directives(response: Any) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in response.headers["Cache-Control"].split(","))
    return {name: value for name, _is, value in parts}


def test_every_page_of_the_catalogue_may_be_kept_and_sets_no_cookie() -> None:
    found = walk(Client())
    assert {"/", "/browse", "/categories/place/harbour", "/items/boat-29", "/menu"} <= set(found)
    assert len(found) == 60
    for address, page in found.items():
        assert page.status_code == 200, address
        assert not page.cookies, address
        assert set(directives(page)) == ALLOWED, address
        assert directives(page)["max-age"] == "0"
        assert page.headers["Cache-Tag"].startswith("catalog,listing-"), address
        assert {"Accept-Language", "Cookie", "Accept-Encoding"} <= set(
            re.split(r",\s*", page.headers["Vary"])
        )
        again = Client().get(address, headers={"if-none-match": f'"other", {page.headers["ETag"]}'})
        assert (again.status_code, again.content) == (304, b""), address
        for name in ("ETag", "Cache-Control", "Vary"):
            assert again.headers[name] == page.headers[name], address


def test_the_same_pages_are_private_for_whoever_is_signed_in(alice: Any) -> None:
    for address, page in walk(sign_in(Client(), alice), at_most=12).items():
        assert page.headers["Cache-Control"] == "private, no-cache", address
        assert "Cookie" in page.headers["Vary"] or b"data-signed-in" not in page.content, address
        assert "ETag" not in page.headers


@pytest.mark.parametrize("address", ["/editor/", "/favourites/", "/accounts/", "/pictures/", "/menu?items=1"])
def test_what_is_somebodys_own_is_nobody_elses(alice: Any, address: str) -> None:
    page = sign_in(Client(), alice).get(address)
    assert page.status_code == 200
    assert "private" in directives(page)


@pytest.mark.parametrize("address", BY_CLOCK)
def test_what_is_the_same_for_everybody_is_kept_by_the_clock(address: str) -> None:
    answer = Client().get(address)
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert {"public", "max-age"} <= set(directives(answer))


@pytest.mark.parametrize("address", PRIVATE)
def test_what_says_nothing_else_is_nobody_elses(address: str) -> None:
    assert "private" in directives(Client().get(address)) or "no-store" in directives(Client().get(address))


def test_no_address_leaves_caches_to_guess() -> None:
    """Every URL without parameters, whoever's it is."""
    addresses = list(plain(get_resolver().url_patterns))
    assert len(addresses) > 40
    for address in addresses:
        assert "Cache-Control" in Client().get(address).headers, address


def plain(patterns: Sequence[Any], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        address = f"{before}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            yield from plain(pattern.url_patterns, address)
        elif not set("<^$") & set(address):
            yield address


def test_a_message_that_waits_makes_a_page_somebodys_own() -> None:
    storage = CookieStorage(RequestFactory().get("/"))
    storage.add(INFO, "Welcome back.")
    answer = HttpResponse()
    storage.update(answer)
    client = Client()
    client.cookies["messages"] = answer.cookies["messages"].value
    page = client.get("/")
    assert b"Welcome back." in page.content
    assert page.headers["Cache-Control"] == "private, no-cache"


def test_where_the_cache_is_told_what_changes_it_may_keep_pages_for_long(settings: Any) -> None:
    assert "s-maxage=1," in settings.PAGES_CACHE_CONTROL, "nobody is told in a test"
    settings.PAGES_CACHE_CONTROL = cache_control(3600)
    assert directives(Client().get("/browse"))["s-maxage"] == "3600"


def test_the_files_of_a_picture_share_a_tag() -> None:
    one, other = "a" * 64, "a" * 31 + "b" * 33
    assert tag_of(f"{one}/1.webp") == tag_of(f"{one}/2.avif") == f"picture-{'a' * 32}"
    assert tag_of(f"{other}/1.webp") != tag_of(f"{one}/1.webp")
