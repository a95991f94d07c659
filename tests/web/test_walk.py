"""A site as it is run for people, over https: every address there is, by everybody, asked nicely and not."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import quote, urlencode

import pytest

from monolith.prefixes import PAGES
from monolith.web.middleware import PROBES
from tests import servers
from tests.test_prefixes import ADDRESSES, SAMPLES

pytestmark = pytest.mark.slow

PASSWORD = "quite a long secret 7"
PEOPLE = ("visitor", "member", "editor", "staff")
WORLD = f"""
import os, sys
sys.path.insert(0, os.getcwd())
from uuid import UUID
import django
django.setup()
from apps.auth import service as auth
from apps.auth.contract import Role
from apps.catalog import service as catalog
from apps.catalog.drafts import Draft, Fact
from apps.catalog.models import Item
from seam import atomic
for role in Role:
    auth.register_person(email=f"{{role.value}}@example.com", password={PASSWORD!r}, role=role, confirmed=True)
with atomic("catalog"):
    place = catalog.ensure_categories([("Art", "Prints")])["Art", "Prints"].pk
    draft = Draft(title="Dunes", slug="dunes", categories=[place], facts=[Fact(name="Dunes", value="Dunes")])
    item = Item(pk=UUID({SAMPLES["uuid"]!r}), owner_id=UUID({SAMPLES["uuid"]!r}), is_published=True)
    catalog.create_items([item], [draft])
"""
# What is looked at besides, for no pattern of urls.py answers it: middleware, and nobody.
MORE = (
    "/livez",
    "/readyz",
    "/static/nothing.css",
    "/media/r/nothing",
    "/media/transfer/x",
    "/nowhere",
    "/api/nowhere",
)
HOSTILE = ("%00", "%F0%9F%92%A9", "..%2f..%2fetc", "'\"><script>", "9" * 400, "%FF", "-1", "a" * 500)
ORIGIN = "https://shop.example"


@dataclass
class Answer:
    address: str
    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes


@dataclass
class Browser:
    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, address: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        sent = {"Host": "shop.example", "X-Forwarded-Proto": "https", "Accept-Encoding": "identity"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, address, body, sent)
            response = connection.getresponse()
            given = [(name.lower(), value) for name, value in response.getheaders()]
            answer = Answer(
                address,
                response.status,
                dict(given),
                [value for name, value in given if name == "set-cookie"],
                response.read(),
            )
        finally:
            connection.close()
        for cookie in answer.cookies:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return answer

    def post(self, address: str, fields: dict[str, str]) -> Answer:
        kind = "application/x-www-form-urlencoded"
        return self.ask(address, "POST", urlencode(fields), Content_Type=kind, Origin=ORIGIN)

    def sign_in(self, email: str) -> None:
        form = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', self.ask("/accounts/login/").body)
        assert form
        fields = {"csrfmiddlewaretoken": form[1].decode(), "login": email, "password": PASSWORD}
        assert self.post("/accounts/login/", fields).status == 302


@pytest.fixture(scope="module")
def opened() -> Iterator[Callable[[str], Browser]]:
    """`opened("editor")`: a browser in which that person has signed in; they stay so for all tests."""
    env = {
        "DJANGO_SETTINGS_MODULE": "monolith.settings",
        "SITE_URL": ORIGIN,
        "ALLOWED_HOSTS": "shop.example",
        "TRUSTED_PROXIES": "1",
        "DEMO_DATA": "false",
        "API_RATE": "1000000",
        "EMAIL_URL": "dummymail://",
    }
    with servers.site(env) as site:
        site.python(WORLD)
        kept: dict[str, Browser] = {}

        def browser(who: str) -> Browser:
            if who not in kept:
                kept[who] = Browser(int(site.url.rpartition(":")[2]))
                if who != "visitor":
                    kept[who].sign_in(f"{who}@example.com")
            return Browser(kept[who].port, dict(kept[who].cookies))

        yield browser


# Signing out would end the walk; what is sent in pieces for long is looked at elsewhere.
EVERY = sorted({address for _owner, address in ADDRESSES} - {"/accounts/logout/"}) + list(MORE)
FILES = ("/static/", "/media/")
# They answer a POST of anybody, and do nothing but ask or tell.
ASKING = (*PROBES, "/identity/o/logout")


def wrongs(answer: Answer) -> Iterator[str]:
    """What is wrong with the headers and cookies of an answer."""
    headers, is_file = answer.headers, answer.address.startswith(FILES)
    wanted = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "strict-transport-security": "max-age=31536000",
    }
    yield from (
        f"{name}: {headers.get(name)}" for name, value in wanted.items() if headers.get(name) != value
    )
    if "camera=()" not in headers.get("permissions-policy", ""):
        yield "no permissions-policy"
    if not headers.get("x-request-id"):
        yield "no x-request-id"
    if not headers.get("cache-control"):
        yield "says nothing of who may keep it"
    policy = headers.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        yield f"content-security-policy: {policy}"
    if not is_file and not all(
        f"{name} " in policy for name in ("form-action", "frame-ancestors", "base-uri")
    ):
        yield f"content-security-policy: {policy}"
    kind = headers.get("content-type", "")
    if answer.body and kind.startswith("text/") and "charset=utf-8" not in kind.lower().replace('"', ""):
        yield f"content-type: {kind}"
    for cookie in answer.cookies:
        if "Max-Age=0" in cookie:  # it goes, whatever it was
            continue
        parts = [part.strip().lower() for part in cookie.split(";")]
        name = cookie.partition("=")[0]
        if not {"secure", "httponly", "path=/", "samesite=lax"} <= set(parts):
            yield f"cookie {cookie}"
        if any(part.startswith("domain") for part in parts) or name in ("session", "csrf", "wrote"):
            yield f"cookie {cookie}"
    if answer.cookies and "public" in headers.get("cache-control", ""):
        yield "anybody may keep a cookie"


@pytest.mark.parametrize("who", PEOPLE)
def test_whatever_is_asked_is_answered_safely(opened: Callable[[str], Browser], who: str) -> None:
    """By GET, and by a POST from another site's page."""
    browser, found, statuses = opened(who), {}, {}
    for address in EVERY:
        for method, body in (("GET", None), ("POST", "a=b")):
            mine = Browser(browser.port, dict(browser.cookies))
            answer = mine.ask(
                address,
                method,
                body,
                Content_Type="application/x-www-form-urlencoded",
                Origin="https://evil.example",
            )
            statuses[method, address] = answer.status
            wrong = list(wrongs(answer))
            if answer.status >= 500:
                wrong.append(str(answer.status))
            if method == "POST" and answer.status < 300 and address not in ASKING:
                wrong.append(f"done without a token of ours: {answer.status}")
            is_page = address == "/" or address.startswith(PAGES)
            if who != "visitor" and is_page and "public" in answer.headers.get("cache-control", ""):
                wrong.append("a page of somebody's that anybody may keep")
            if wrong:
                found[method, address] = wrong
    assert found == {}
    reached = {address for (method, address), status in statuses.items() if method == "GET" and status == 200}
    assert {"/", "/items/dunes", "/categories/art/prints", "/browse/dunes/dunes"} <= reached, sorted(reached)
    assert ("/editor/" in reached) is (who in ("editor", "staff"))
    assert ("/admin/" in reached) is (who == "staff")


@pytest.mark.parametrize("who", ["visitor", "editor"])
def test_nothing_hostile_in_an_address_is_an_error_of_ours(
    opened: Callable[[str], Browser], who: str
) -> None:
    browser, found = opened(who), {}
    sample = re.compile(
        "|".join(map(re.escape, {SAMPLES["uuid"], "art/prints", "dunes"})) + r"|(?<=/)7(?=/|$)"
    )
    varied = [address for address in EVERY if sample.search(address)]
    assert len(varied) > 30
    plain = [
        "/",
        "/search",
        "/browse",
        "/pictures/",
        "/api/v1/catalog/items/",
        "/editor/",
        "/accounts/login/",
    ]
    names = ("q", "after", "order", "in", "next", "page", "language")
    asked = []
    for evil in (quote(evil, safe="%") for evil in HOSTILE):
        asked += [sample.sub(evil, address) for address in varied]
        query = "&".join(f"{name}={evil}" for name in names)
        asked += [f"{address}?{query}" for address in plain]
    for address in asked:
        answer = browser.ask(address)
        wrong = list(wrongs(answer)) if answer.status < 500 else [str(answer.status)]
        if wrong:
            found[address[:120]] = wrong
    assert found == {}


def test_every_script_is_checked_by_the_browser_that_runs_it(opened: Callable[[str], Browser]) -> None:
    editor, seen = opened("editor"), 0
    for address in ("/", "/items/dunes", "/editor/", "/editor/new", "/pictures/", "/editor/categories"):
        scripts = re.findall(r"<script [^>]*src=[^>]*>", editor.ask(address).body.decode())
        assert scripts
        for script in scripts:
            assert re.search(r' integrity="sha384-[A-Za-z0-9+/]{64}"', script), (address, script)
        seen += len(scripts)
    assert seen > 20
