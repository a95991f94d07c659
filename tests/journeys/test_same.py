"""Every topology says the same: answers, pages, events, jobs, rows, and how many queries a page takes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from random import Random
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, APIResponse, Playwright, StorageState

from monolith.demo.palettes import PALETTES
from monolith.demo.prints import FAMILIES
from tests.journeys.conftest import EDITOR, MEMBER
from tests.journeys.ledger import Ledger, Words
from tests.journeys.place import Place, eventually, is_idle
from tests.servers import CONTEXTS

pytestmark = [pytest.mark.browser, pytest.mark.untouched]

PAGES = (
    "/", "/browse?order=title", "/browse?order=price", "/browse/artist", "/categories/",
    "/categories/abstract?order=title", "/search?q=light&order=title", "/search?q=xyzzyplugh",
    "/items/deep-bay", "/items/never-was", "/offline", "/accounts/login/", "/accounts/signup/",
    "/api/v1/catalog/items/?order=title", "/api/v1/catalog/search/?q=bay", "/api/v1/media/assets",
    "/api/nowhere", "/pictures/", "/editor/", "/editor/new", "/accounts/", "/accounts/email/",
)  # fmt: skip
TOLD = ("content-type", "cache-control", "vary", "content-language", "location")
TOKEN = re.compile(r'csrfmiddlewaretoken" value="(\w+)"')
BUCKET = re.compile(r"connect-src 'self' http://127\.0\.0\.1:\d+")  # where pictures may go straight to one
STRAIGHT = re.compile(r' data-uploads="[^"]+" data-finish="[^"]+"')  # and then the form says so
QUERIES = re.compile(r'desc="(\d+) queries"')
RENDERED = 120


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Ledger:
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "ledger"
    folder.mkdir(exist_ok=True)
    return Ledger(folder)


@pytest.fixture
def caller(playwright: Playwright, place: Place) -> Iterator[Callable[..., APIRequestContext]]:
    """Makes clients without a browser: signed out, or with the cookies of somebody."""
    made: list[APIRequestContext] = []

    def call(cookies: StorageState | None = None, language: str = "en") -> APIRequestContext:
        headers = {"Accept-Language": language}
        made.append(
            playwright.request.new_context(
                base_url=place.url, storage_state=cookies, extra_http_headers=headers
            )
        )
        return made[-1]

    yield call
    for one in made:
        one.dispose()


def picture() -> dict[str, Any]:
    file = BytesIO()
    FAMILIES["arches"](Random("the same"), (900, 1200), PALETTES["lagoon"]).save(file, "PNG")
    return {"name": "arches.png", "mimeType": "image/png", "buffer": file.getvalue()}


def said(answer: APIResponse, words: Words) -> dict[str, Any]:
    told = {name: words.plain(value) for name, value in answer.headers.items() if name in TOLD}
    # A gateway that compresses says that it does.
    told["vary"] = ", ".join(sorted(set(told.get("vary", "").split(", ")) - {"Accept-Encoding"}))
    policy = sorted(
        BUCKET.sub("connect-src 'self'", answer.headers.get("content-security-policy", "")).split("; ")
    )
    return {
        "status": answer.status,
        "headers": told,
        "policy": policy,
        "body": STRAIGHT.sub("", words.plain(answer.text())).splitlines(),
    }


class Diary:
    """Calls the API and keeps what was answered."""

    def __init__(self, words: Words) -> None:
        self.words, self.answers = words, list[Any]()

    def note(self, what: str, answer: APIResponse) -> Any:
        self.answers.append([what, said(answer, self.words)])
        return answer.json() if "json" in answer.headers.get("content-type", "") else None


def test_the_same_is_answered_said_and_kept(
    place: Place,
    ledger: Ledger,
    caller: Callable[..., APIRequestContext],
    signed_in: Callable[[str], StorageState],
) -> None:
    """From an upload to a deleted item by the API, with mistakes on the way."""
    eventually(lambda: is_idle(place), RENDERED)
    words = Words(place.url)
    diary, stranger, editor = Diary(words), caller(), caller(signed_in(EDITOR))
    token = TOKEN.search(editor.get("/pictures/").text())
    assert token
    with_token = {"X-CSRFToken": token[1], "Referer": f"{place.url}/pictures/"}
    before = place.probe.behind()
    items, assets = "/api/v1/catalog/items/", "/api/v1/media/assets"

    diary.note("no token", editor.post(assets, multipart={"file": picture()}))
    diary.note("not signed in", stranger.post(assets, multipart={"file": picture()}))
    text = {"name": "notes.png", "mimeType": "image/png", "buffer": b"these are notes"}
    diary.note("no picture", editor.post(assets, multipart={"file": text}, headers=with_token))
    uploaded = diary.note(
        "upload", editor.post(assets, multipart={"file": picture(), "title": "Arches"}, headers=with_token)
    )
    eventually(lambda: editor.get(uploaded["url"]).json()["status"] == "ready", RENDERED)
    diary.note("ready", editor.get(uploaded["url"]))
    diary.note("the same again", editor.post(assets, multipart={"file": picture()}, headers=with_token))

    diary.note(
        "nonsense", editor.post(items, data="{", headers=with_token | {"Content-Type": "application/json"})
    )
    diary.note("no title", editor.post(items, data={"title": ""}, headers=with_token))
    wanted = {
        "title": "The same arches",
        "price": "12.50",
        "currency": "EUR",
        "attributes": [{"name": "Artist", "value": "Ada Same"}],
    }
    item = diary.note(
        "create", editor.post(items, data=wanted | {"pictures": [uploaded["id"]]}, headers=with_token)
    )
    here = item["url"]
    diary.note("a draft is nobody's", stranger.get(here))
    diary.note("publish", editor.post(f"{here}publish/", headers=with_token))
    published = diary.note("published", stranger.get(here))
    diary.note("found", stranger.get("/api/v1/catalog/search/?q=same+arches"))
    diary.note("page", stranger.get(f"/items/{published['slug']}"))
    renamed = wanted | {"title": "The same arches, renamed"}
    diary.note(
        "rename", editor.put(here, data=renamed | {"version": published["version"]}, headers=with_token)
    )
    diary.note(
        "too late", editor.put(here, data=wanted | {"version": published["version"]}, headers=with_token)
    )
    diary.note("picture away", editor.delete(uploaded["url"], headers=with_token))
    eventually(lambda: is_idle(place), RENDERED)
    diary.note("without its picture", stranger.get(here))
    diary.note("withdraw", editor.post(f"{here}withdraw/", headers=with_token))
    diary.note("withdrawn", stranger.get(here))
    diary.note("delete", editor.delete(here, headers=with_token))
    eventually(lambda: is_idle(place), RENDERED)

    after = place.probe.behind()
    happened = {context: since(before[context], after[context], words) for context in CONTEXTS}
    ledger.compare("api", place.name, {"answers": diary.answers, "behind": happened})


# Made of ids that are drawn, and in their order.
TAG = re.compile(r"(?<=-)(\d{4,}|[0-9a-f]{32})$")


def in_words(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it may be compared: without its id, and with the tags of a cache by their kinds."""
    tags = (
        {"tags": sorted(TAG.sub("‹id›", tag) for tag in row["data"]["tags"])} if "tags" in row["data"] else {}
    )
    return row | {"id": None, "data": row["data"] | tags}


def since(before: dict[str, Any], after: dict[str, Any], words: Words) -> dict[str, Any]:
    """What was said and done meanwhile, and how many rows each table has more. Order is promised to nobody."""
    kinds = ("events", "jobs")
    known = {row["id"] for kind in kinds for row in before[kind]}
    new = {kind: [in_words(row) for row in after[kind] if row["id"] not in known] for kind in kinds}
    told = {kind: sorted(map(str, words.plain_value(rows))) for kind, rows in new.items()}
    grown = {name: count - before["tables"][name] for name, count in after["tables"].items()}
    return told | {"tables": {name: more for name, more in grown.items() if more}}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("who", ["nobody", MEMBER, EDITOR])
def test_every_page_is_the_same(
    place: Place, ledger: Ledger, caller: Callable[..., APIRequestContext], signed_in: Callable[[str], StorageState],
    who: str, language: str,
) -> None:  # fmt: skip
    asks = caller(None if who == "nobody" else signed_in(who), language)
    pages = {path: said(asks.get(path, max_redirects=0), Words(place.url)) for path in PAGES}
    assert pages["/"]["status"] == 200
    ledger.compare(f"pages-{who}-{language}", place.name, pages)


def test_a_page_takes_as_many_queries(
    place: Place, ledger: Ledger, caller: Callable[..., APIRequestContext]
) -> None:
    """Made afresh for somebody who is not signed in, once its process has seen it before."""
    asks = caller()
    found = {path: min(queries(asks, path) for _ in range(6)) for path in PAGES[:9]}
    assert max(found.values()) <= 6, found
    ledger.compare("queries", place.name, found)


def queries(asks: APIRequestContext, path: str) -> int:
    told = QUERIES.search(asks.get(path, params={"in": uuid.uuid4().hex}).headers["server-timing"])
    assert told
    return int(told[1])
