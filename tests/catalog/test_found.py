"""What search engines and those who share an address read: sitemap, robots.txt, Open Graph, schema.org."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from defusedxml import ElementTree
from django.conf import settings

from apps.catalog import service, sitemap

pytestmark = pytest.mark.django_db(databases="__all__")
NAMES = {"s": sitemap.SCHEMA}
HOSTILE = '</script><script>alert(1)</script> & "quoted" <!-- é'


class Head(HTMLParser):
    """What a page's meta, link and JSON-LD elements say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.data: list[dict] = []
        self.scripts = 0
        self._in_data = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        name = about.get("property") or about.get("name") or about.get("rel")
        if tag in ("meta", "link") and name:
            self.said[name] = about.get("content") or about.get("href")
        self.scripts += tag == "script"
        self._in_data = about.get("type") == "application/ld+json"

    def handle_endtag(self, tag):
        self._in_data = False

    def handle_data(self, data):
        if self._in_data and data.strip():
            self.data.append(json.loads(data))


@pytest.fixture
def head(client):
    return lambda address: Head(client.get(address).content.decode())


def locations(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    return [
        urlsplit(found.text)._replace(scheme="", netloc="").geturl()
        for found in root.iterfind(".//s:loc", NAMES)
    ]


def test_a_hostile_title_stays_a_title(head, item):
    made = item(HOSTILE)
    plain, page = head("/"), head(f"/items/{made.slug}")
    [thing] = [one for one in page.data if one["@type"] == "CreativeWork"]
    assert thing["name"] == HOSTILE
    assert page.said["og:title"] == HOSTILE
    assert page.scripts - len(page.data) == plain.scripts - len(plain.data)


def test_an_item_with_a_price_is_a_product_that_stands_somewhere(head, item, category):
    place = category("Prints", "Old & new")
    made = item(
        "Boat", price=Decimal("1250.50"), currency="EUR", categories=[place], description="A boat.\nAt sea."
    )
    page = head(f"/items/{made.slug}")
    product, line = page.data
    assert (product["@type"], product["offers"]["price"], product["offers"]["priceCurrency"]) == (
        "Product",
        "1250.50",
        "EUR",
    )
    assert [step["name"] for step in line["itemListElement"]] == ["Prints", "Old & new", "Boat"]
    assert page.said["canonical"] == page.said["og:url"] == f"{settings.SITE_URL}/items/boat"
    assert page.said["og:type"] == "product"
    assert page.said["og:description"] == "A boat.\nAt sea."


def test_another_order_of_a_list_is_the_same_page_and_a_further_one_is_not(client, head, item):
    for number in range(30):
        item(f"Boat {number}")
    assert head("/browse?order=title").said["canonical"] == f"{settings.SITE_URL}/browse"
    following = re.search(r'rel="next" href="([^"]+)"', client.get("/browse").content.decode())[1]
    assert head(following).said["canonical"] == settings.SITE_URL + following


def test_the_front_page_says_how_to_search(head, item):
    item("Boat")
    [site] = head("/").data
    assert site["@type"] == "WebSite"
    assert site["potentialAction"]["target"]["urlTemplate"].endswith("/search?q={search_term}")


def test_results_of_a_search_are_nothing_to_find(head, item):
    item("Boat")
    assert head("/search?q=boat").said["robots"] == "noindex"


def test_the_sitemap_has_what_is_published_and_nothing_else(client, item, category, monkeypatch):
    monkeypatch.setattr(sitemap, "PART", 3)
    place = category("Prints")
    category("Empty")
    made = [item(f"Boat {number}", categories=[place]) for number in range(8)]
    item("Draft", published=False)
    service.withdraw_item(made[0].pk)
    parts = locations(client, "/sitemap.xml")
    assert len(parts) == 4, "one of lists, three of items"
    found = [address for part in parts for address in locations(client, part)]
    assert len(found) == len(set(found))
    assert set(found) == {"/", "/browse", "/categories/", "/categories/prints"} | {
        f"/items/{one.slug}" for one in made[1:]
    }


def test_the_sitemap_of_an_empty_catalogue_is_one(client):
    assert locations(client, "/sitemap.xml") == ["/sitemap/categories.xml"]
    assert "/browse" in locations(client, "/sitemap/categories.xml")


def test_robots_are_told_where_the_sitemap_is(client):
    text = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {settings.SITE_URL}/sitemap.xml" in text
    assert "Disallow: /accounts/" in text


def test_what_is_found_is_public_for_an_hour(client):
    for address in ("/robots.txt", "/sitemap.xml", "/sitemap/categories.xml"):
        answer = client.get(address)
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert not answer.cookies
