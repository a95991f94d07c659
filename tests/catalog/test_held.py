"""Pages that are held: for nobody who is signed in, complete, and gone the moment what they show changes."""

from __future__ import annotations

import gzip
import re
import threading
import time

import brotli
import pytest
from django.contrib.messages import INFO
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from apps.catalog import held, service, views
from apps.catalog.drafts import Draft
from apps.catalog.models import Listing
from apps.catalog.release import SHOWN, release
from seam import replicas
from tests.catalog.marks import searched
from tests.people import sign_in

pytestmark = pytest.mark.django_db(databases="__all__")
TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")\w+')


@pytest.fixture
def time_flies(monkeypatch):
    """Call it to let the second pass for which a process trusts what it read."""
    return held.known._versions.clear


@pytest.fixture
def time_stops(monkeypatch):
    monkeypatch.setattr(held, "TRUST", 3600)


def test_a_page_is_made_once_and_then_costs_no_query(client, item, queries, time_stops):
    item("Boat")
    first = client.get("/items/boat")
    with queries() as asked:
        second = client.get("/items/boat")
    assert [a["sql"] for a in asked] == []
    assert second.content == first.content
    same = dict(first.headers), dict(second.headers)
    for headers in same:
        headers.pop("X-Request-ID", None)
    assert same[0] == same[1]
    assert "default-src 'none'" in second.headers["Content-Security-Policy"]
    assert second.headers["Vary"] == "Accept-Encoding, Accept-Language, Cookie"


def test_a_held_index_shows_the_category_that_was_asked_for(client, item, category):
    item("Boat", categories=[category("Things", "Boats")])
    assert b"Boats" not in client.get("/categories/").content
    assert b"Boats" in client.get("/categories/?in=things").content


def test_after_a_second_one_small_query_says_it_is_still_right(client, item, queries, time_flies):
    item("Boat")
    client.get("/items/boat")
    time_flies()
    with queries() as asked:
        client.get("/items/boat")
    assert len(asked) == 1
    assert "catalog_listing" in asked[0]["sql"]


@pytest.mark.parametrize("address", ["/", "/browse", "/categories/place", "/browse/artist/ann"])
def test_a_change_is_seen_by_whoever_asks_next(client, item, category, time_flies, address):
    place = category("Place")
    made = item("Boat", categories=[place], Artist="Ann")
    assert b"Boat" in client.get(address).content
    service.change_item(made.pk, Draft(title="Boat renamed", categories=[place.pk], facts=[]))
    time_flies()
    text = client.get(address)
    assert text.status_code == 404 if "/browse/" in address else b"Boat renamed" in text.content


@searched
def test_a_search_finds_what_has_just_come(client, item, time_flies):
    item("Boat")
    assert b"Boat two" not in client.get("/search?q=boat").content
    item("Boat two")
    time_flies()
    assert b"Boat two" in client.get("/search?q=boat").content


def test_a_withdrawn_item_is_gone_though_its_page_was_held(client, item, time_flies):
    made = item("Boat")
    assert client.get("/items/boat").status_code == 200
    service.withdraw_item(made.pk)
    time_flies()
    assert client.get("/items/boat").status_code == 404


def test_another_process_sees_the_change_and_takes_nothing_stale_from_the_shared_cache(client, item):
    """Forgetting everything but the shared cache is what another process is."""
    made = item("Boat")
    old = client.get("/items/boat").content
    held.forget()
    assert client.get("/items/boat").content == old  # from the shared cache
    service.change_item(made.pk, Draft(title="Ship"))
    held.forget()
    assert b"<h1>Ship</h1>" in client.get("/items/boat").content


def test_a_slow_maker_cannot_put_an_old_page_over_a_new_one(client, item, time_flies):
    made = item("Boat")
    client.get("/items/boat")
    key, old = next(iter(held.known._pages.items()))
    service.change_item(made.pk, Draft(title="Ship"))
    time_flies()
    client.get("/items/boat")
    held.known.hold(key, old, time.monotonic() - 5)
    held.forget()
    assert b"<h1>Ship</h1>" in client.get("/items/boat").content


def test_a_draft_changes_no_page(client, item, queries, time_flies):
    item("Boat")
    client.get("/")
    draft = item("Draft", published=False)
    service.change_item(draft.pk, Draft(title="Still a draft"))
    time_flies()
    with queries() as asked:
        client.get("/")
    assert len(asked) == 1


def test_whoever_is_signed_in_gets_a_page_of_their_own_and_nobody_else_does(client, item, alice):
    item("Boat")
    editor = sign_in(Client(), alice)
    hers = editor.get("/items/boat").content.decode()
    assert "/editor/" in hers
    theirs = client.get("/items/boat").content.decode()
    assert "/editor/" not in theirs
    assert "csrf" not in theirs
    assert "/editor/" in editor.get("/items/boat").content.decode()
    held.forget()
    assert "/editor/" not in client.get("/items/boat").content.decode()


def test_whoever_is_signed_in_is_given_the_page_that_was_made_for_everybody(
    client, item, bob, queries, time_stops
):
    item("Boat")
    member = sign_in(Client(), bob)
    member.get("/items/boat")
    with queries() as asked:
        theirs = member.get("/items/boat")
    assert [query["sql"] for query in asked if "catalog_" in query["sql"]] == []
    assert b"data-signed-in" in theirs.content
    assert b"csrfmiddlewaretoken" in theirs.content
    assert theirs.headers["Cache-Control"] == "private, no-cache"
    assert "ETag" not in theirs.headers
    assert b"data-signed-in" not in client.get("/items/boat").content


def test_what_a_person_is_given_is_what_would_be_made_for_them(client, item, alice):
    """Byte for byte, but for the token against forged forms."""
    item("Boat", categories=[])
    hers = sign_in(Client(), alice)
    for address in (
        "/",
        "/browse",
        "/items/boat",
        "/search?q=boat",
        "/categories/",
        "/nowhere",
        "/items/none",
    ):
        filled = hers.get(address)
        with override_settings(DEBUG=True):
            made = hers.get(address)
        if made.status_code == 200:
            assert TOKEN.sub(b"", filled.content) == TOKEN.sub(b"", made.content)
        assert held.Marks.SIGN.encode() not in filled.content
        assert held.Marks.SIGN.encode() not in client.get(address).content


def test_an_editor_sees_a_change_of_another_process_at_once(item, alice, time_stops):
    made, editor = item("Boat"), sign_in(Client(), alice)
    assert b"<h1>Boat</h1>" in editor.get("/items/boat").content
    service.change_item(made.pk, Draft(title="Ship"))
    assert b"<h1>Ship</h1>" in editor.get("/items/boat").content


def test_a_message_is_shown_once_on_a_held_page(client, item):
    item("Boat")
    client.get("/items/boat")
    request = RequestFactory().get("/")
    storage = CookieStorage(request)
    storage.add(INFO, "Welcome back.")
    answer = HttpResponse()
    storage.update(answer)
    client.cookies["messages"] = answer.cookies["messages"].value
    assert b"Welcome back." in client.get("/items/boat").content
    assert b"Welcome back." not in client.get("/items/boat").content


@pytest.mark.parametrize("name", SHOWN)
def test_under_another_setting_that_pages_show_nothing_is_found_that_was_kept(settings, name):
    """Redis keeps it longer than the processes that were started under the old one."""
    before = release.__wrapped__()
    setattr(settings, name, "another")
    assert release.__wrapped__() != before


def test_even_an_ended_session_is_not_served_from_what_is_held(item, settings):
    item("Boat")
    client = Client()
    client.get("/items/boat")
    client.cookies[settings.SESSION_COOKIE_NAME] = "ended-long-ago"
    response = client.get("/items/boat")
    assert "Cookie" in response.headers["Vary"]
    assert "public" not in response.headers.get("Cache-Control", "")


def test_signed_out_pages_set_no_cookie(client, item):
    item("Boat")
    for address in (
        "/",
        "/browse",
        "/items/boat",
        "/search?q=boat",
        "/categories/",
        "/menu",
        "/search/suggest?q=bo",
    ):
        assert not client.get(address).cookies, address


def test_languages_are_held_apart(client, item):
    item("Boat", translations={"es": {"title": "Barco"}})
    assert (
        "Barco" in client.get("/items/boat", headers={"accept-language": "es-MX,es;q=0.9"}).content.decode()
    )
    assert "<h1>Boat" in client.get("/items/boat", headers={"accept-language": "en"}).content.decode()
    client.cookies["django_language"] = "es"
    assert "Barco" in client.get("/items/boat", headers={"accept-language": "en"}).content.decode()


def test_what_a_campaign_adds_to_an_address_makes_no_other_page(client, item, queries):
    item("Boat")
    clean = client.get("/browse").content
    with queries() as asked:
        assert client.get("/browse?utm_source=letter&fbclid=1&x[]=2").content == clean
    assert [a["sql"] for a in asked] == []
    assert b"letter" not in clean


def test_addresses_without_end_fill_no_memory(client, item, monkeypatch):
    item("Boat")
    monkeypatch.setattr(held, "MOST_PAGES", 5)
    for number in range(12):
        client.get(f"/search?q=boat{number}")
    assert len(held.known._pages) <= 5
    before = len(held.known._pages)
    client.get("/search?q=" + "x" * 2000)
    assert len(held.known._pages) == before


def test_what_is_not_found_or_redirected_is_not_held(client, item):
    item("Boat")
    client.get("/items/none")
    client.get("/browse?after=rubbish")
    assert len(held.known._pages) == 0


def test_a_browser_that_has_it_already_is_told_so(client, item):
    item("Boat")
    first = client.get("/items/boat")
    again = client.get("/items/boat", headers={"if-none-match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    other = client.get("/items/boat", headers={"if-none-match": 'W/"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding", "unpack"),
    [
        ("br, gzip", "br", brotli.decompress),
        ("gzip;q=1.0, br;q=0", "gzip", gzip.decompress),
        ("deflate", None, bytes),
        ("", None, bytes),
    ],
)
def test_pages_are_packed_as_the_browser_likes(client, item, accepted, encoding, unpack):
    item("Boat")
    plain = client.get("/items/boat").content
    packed = client.get("/items/boat", headers={"accept-encoding": accepted})
    assert packed.headers.get("Content-Encoding") == encoding
    assert int(packed.headers["Content-Length"]) == len(packed.content)
    assert unpack(packed.content) == plain


def test_head_says_what_get_would(client, item):
    item("Boat")
    head, get = client.head("/items/boat"), client.get("/items/boat")
    assert head.content == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert len(get.content) > 1000  # and the page that HEAD made is whole


def test_forms_and_unsafe_methods_pass_by(client, item):
    item("Boat")
    client.get("/items/boat")
    assert client.post("/items/boat").status_code == 405


def test_another_host_is_not_served_anothers_page(client, item):
    item("Boat")
    client.get("/items/boat", headers={"host": "localhost"})
    assert client.get("/items/boat", headers={"host": "evil.example"}).status_code == 400


def test_a_page_many_ask_for_at_once_is_made_once(item, monkeypatch):
    """Requests for a page that is being made wait for it."""
    made, begun = [], threading.Barrier(4)

    def slow_page(request):
        made.append(1)
        return held.shows(HttpResponse("page"), {})

    middleware = held.HeldPages(slow_page)

    def ask():
        request = RequestFactory().get("/browse")
        begun.wait()
        assert middleware(request).content == b"page"

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1


def test_a_page_that_was_made_since_one_looked_is_not_made_again(item, monkeypatch):
    made, look = [], held.known.page

    def noted(request):
        made.append(request)
        return held.shows(HttpResponse("page"), {})

    def overtaken(key, **options):
        found = look(key, **options)
        monkeypatch.setattr(held.known, "page", look)
        middleware(RequestFactory().get("/browse"))
        return found

    middleware = held.HeldPages(noted)
    monkeypatch.setattr(held.known, "page", overtaken)
    assert middleware(RequestFactory().get("/browse")).content == b"page"
    assert len(made) == 1


def test_a_version_never_comes_back(item):
    """Stamps are drawn, not counted: a backup that is restored can't have one that a held page has."""
    made = item("Boat")
    seen = set()
    for number in range(5):
        service.change_item(made.pk, Draft(title=f"Boat {number}"))
        seen.add(Listing.objects.get(pk=Listing.EVERYTHING).version)
    assert len(seen) == 5
    assert max(seen) - min(seen) > 1000


class LateReplica:
    """Answers with the page as it was when made, unless the primary is to be read."""

    def __init__(self, address):
        self.then, self.asked = self.now(address), 0

    def now(self, address):
        return views.item(RequestFactory().get(address), slug=address.rpartition("/")[2])

    def __call__(self, request):
        inside = replicas._reading.get()
        if inside is not None and inside.strict:
            return self.now(request.path)
        self.asked += 1
        return self.then


@pytest.fixture
def late(item, monkeypatch):
    """The site reads from a replica that does not know yet that the boat is called a ship."""
    made = item("Boat")
    replica = LateReplica("/items/boat")
    service.change_item(made.pk, Draft(title="Ship"))
    monkeypatch.setattr(replicas, "are_used", lambda context: True)
    held.forget()
    return replica


def boat(get_response):
    return held.HeldPages(get_response)(RequestFactory().get("/items/boat")).content


def test_a_page_made_from_a_late_replica_is_made_again_from_the_primary(late):
    assert b"<h1>Ship</h1>" in boat(late)
    assert late.asked == 1
    assert b"<h1>Ship</h1>" in boat(late)
    assert late.asked == 1, "what was made from the primary is held"


def test_a_replica_that_is_up_to_date_is_enough(item, monkeypatch):
    item("Boat")
    replica = LateReplica("/items/boat")
    monkeypatch.setattr(replicas, "are_used", lambda context: True)
    monkeypatch.setattr(replica, "now", None)
    held.forget()
    assert b"<h1>Boat</h1>" in boat(replica)
    assert b"<h1>Boat</h1>" in boat(replica)
    assert replica.asked == 1


class TestWhileTheDatabaseIsAway:
    @pytest.fixture
    def away(self, monkeypatch):
        def refuse(ids):
            raise OperationalError("2003, away")

        def begin():
            monkeypatch.setattr(held.known, "_read", refuse)
            return monkeypatch.undo

        return begin

    def test_what_is_held_is_given_out(self, client, item, time_flies, away):
        item("Boat")
        page = client.get("/items/boat").content
        time_flies()
        away()
        assert client.get("/items/boat").content == page

    def test_what_was_known_to_have_changed_is_not(self, client, item, time_flies, away):
        made = item("Boat")
        client.get("/items/boat")
        key, old = next(iter(held.known._pages.items()))
        service.change_item(made.pk, Draft(title="Ship"))
        time_flies()
        client.get("/items/boat")
        held.known._remember(key, old)
        held.known._versions = {pk: (version, 0.0) for pk, (version, _at) in held.known._versions.items()}
        away()
        assert held.known.page(key) is None

    def test_a_page_from_a_late_replica_is_shown_and_not_held(self, late, away):
        back = away()
        assert b"<h1>Boat</h1>" in boat(late)
        back()
        assert held.known._pages == {}
