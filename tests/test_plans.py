"""No page of auth or media, and nothing that relay and worker do all day, reads a table whole that grows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.auth import sessions
from apps.auth.contract import Principal
from apps.auth.models import Attempt, Session, User
from apps.auth.service import delete_person, end_sessions, get_person_by_email, list_people
from apps.auth.tasks import clear_sessions
from apps.media import models as media
from apps.media import service
from seam import atomic
from seam.dispatch import AGAIN_AFTER
from seam.jobs import run_due
from seam.models import Row
from seam.outbox import relay_once
from seam.registry import registry
from seam.rows import Status, claim, discard, hand_out, parked, purge, release, retry, take
from tests.people import PASSWORD, sign_in
from tests.plans import analyze, asked, full_scans, on_mariadb

pytestmark = [pytest.mark.django_db(databases="__all__", transaction=True), on_mariadb]

MANY = 1500


def people() -> None:
    from allauth.account.models import EmailAddress

    rows = [User(email=f"p{n}@example.com", name=f"P {n}", password="!") for n in range(MANY)]
    now = timezone.now()
    with atomic("auth"):
        User.objects.bulk_create(rows)
        EmailAddress.objects.bulk_create(
            EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in rows
        )
        Session.objects.bulk_create(
            Session(key=f"{n:064}", user=user, data="", expires_at=now + timedelta(days=n % 60 + 1))
            for n, user in enumerate(rows)
        )
        Attempt.objects.bulk_create(
            Attempt(cache_key=f"k{n}", value="x", expires=now + timedelta(hours=n)) for n in range(MANY)
        )
    analyze("default", "accounts_user", "accounts_session", "accounts_attempt", "account_emailaddress")


def library(owner: Principal) -> list[media.Asset]:
    originals = [
        media.Original(
            sha256=uuid4().hex, name=uuid4().hex, bytes=1, format="PNG", width=4, height=3, status="failed"
        )
        for _ in range(MANY)
    ]
    others = [uuid4() for _ in range(MANY // 10)]
    assets = [
        media.Asset(
            owner_id=owner.id if n % 10 == 0 else others[n // 10], original=original, title=f"Picture {n}"
        )
        for n, original in enumerate(originals)
    ]
    with atomic("media"):
        media.Original.objects.bulk_create(originals)
        media.Asset.objects.bulk_create(assets)
    analyze("media", "media_original", "media_asset")
    return [asset for asset in assets if asset.owner_id == owner.id]


def history(table: type[Row]) -> None:
    """What stands in a table of jobs or events after a while: nearly all of it done, some waiting, some parked."""
    now = timezone.now()

    def row(number: int) -> Row:
        about: dict[str, Any] = {"name": "catalog.nothing", "data": {}}
        if hasattr(table, "key"):
            about["key"] = f"k{number}"
        if number < MANY - 60:
            long_ago = now - timedelta(days=40, minutes=number)
            return table(**about, status=Status.DONE, due_at=long_ago, done_at=long_ago)
        waits = number % 3
        status = Status.PARKED if waits == 0 else Status.WAITING
        return table(**about, status=status, due_at=now + timedelta(seconds=-60 if waits == 1 else 600))

    with atomic(registry.context_of_label(table._meta.app_label)):
        table._default_manager.bulk_create(row(number) for number in range(MANY))
    analyze(registry.alias_of_label(table._meta.app_label), table._meta.db_table)


def read_whole(alias: str, work: Any) -> list[str]:
    """What `work` makes a database read whole. Raises AssertionError when it asks that database nothing."""
    with asked(alias) as statements:
        work()
    assert statements, f"{alias} was asked nothing"
    return full_scans(alias, statements)


class TestAuth:
    @pytest.fixture
    def crowd(self, alice: Principal, dora: Principal) -> None:
        people()

    def page(
        self, browser: Client, method: str, address: str, data: dict[str, str] | None, status: int
    ) -> None:
        answer = getattr(browser, method)(address, data)
        assert answer.status_code == status, f"{address}: {answer.status_code} {answer.content[:2000]!r}"

    @pytest.mark.parametrize(
        ("method", "address", "data", "status"),
        [
            ("post", "/accounts/login/", {"login": "p7@example.com", "password": "wrong"}, 200),
            ("post", "/accounts/login/", {"login": "alice@example.com", "password": PASSWORD}, 302),
            ("post", "/accounts/signup/", {"email": "new@example.com", "password1": "a long secret 77"}, 302),
            ("post", "/accounts/signup/", {"email": "p9@example.com", "password1": "a long secret 77"}, 302),
            ("post", "/accounts/password/reset/", {"email": "p8@example.com"}, 302),
        ],
    )
    def test_pages_for_who_is_not_signed_in(
        self, crowd: None, client: Client, method: str, address: str, data: dict[str, str], status: int
    ) -> None:
        assert read_whole("default", lambda: self.page(client, method, address, data, status)) == []

    def test_pages_for_who_is(self, crowd: None, client: Client, alice: Principal) -> None:
        sign_in(client, alice)
        for method, address, data, status in [
            ("get", "/accounts/", None, 200),
            ("post", "/accounts/", {"name": "Alice B."}, 302),
            ("get", "/accounts/email/", None, 200),
            ("get", "/accounts/password/change/", None, 200),
            ("post", "/accounts/token", {}, 200),
            ("get", "/.well-known/jwks.json", None, 200),
            ("post", "/accounts/logout/", {}, 302),
        ]:
            work = lambda: self.page(client, method, address, data, status)  # noqa: B023, E731
            with asked("default") as statements:
                work()
            assert full_scans("default", statements) == [], address

    def test_what_others_ask_and_what_is_done_behind(
        self, crowd: None, client: Client, alice: Principal
    ) -> None:
        sign_in(client, alice)
        key = client.session.session_key
        for work in (
            lambda: sessions.find(key, believe_copy=False),
            lambda: list_people(ids=[alice.id]),
            lambda: get_person_by_email(email="p5@example.com"),
            lambda: end_sessions(person_id=alice.id),
            lambda: clear_sessions({}, None),
            lambda: delete_person(person_id=alice.id),
        ):
            assert read_whole("default", work) == []


class TestMedia:
    def test_pages_and_api(self, client: Client, alice: Principal) -> None:
        mine = library(alice)
        sign_in(client, alice)
        first = f"/pictures/{mine[0].pk}"
        for method, address, data, status in [
            ("get", "/pictures/", None, 200),
            ("get", f"/pictures/progress?ids={mine[0].pk}", None, 200),
            ("get", first, None, 200),
            ("post", first, {"title": "New", "alt": ""}, 302),
            ("get", f"{first}/delete", None, 200),
            ("get", "/api/v1/media/assets", None, 200),
            ("get", f"/api/v1/media/assets/{mine[1].pk}", None, 200),
            ("post", f"{first}/delete", {}, 302),
        ]:
            with asked("media") as statements:
                answer = getattr(client, method)(address, data)
                following = re.search(r'href="(\?after=[^"]+)"', answer.content.decode())
                if following:
                    assert client.get("/pictures/" + following[1]).status_code == 200
            assert answer.status_code == status, f"{address}: {answer.status_code}"
            assert full_scans("media", statements) == [], address

    def test_what_others_ask_and_what_happens_when_somebody_goes(self, alice: Principal) -> None:
        mine = library(alice)
        for work in (
            lambda: service.get_asset(asset_id=mine[0].pk),
            lambda: service.list_assets(owner_id=alice.id, limit=50, after=None),
            lambda: service.delete_asset(asset_id=mine[0].pk, owner_id=alice.id),
        ):
            assert read_whole("media", work) == []


class TestTheSeam:
    @pytest.mark.parametrize("kind", ["job_table", "outbox"])
    def test_what_relay_and_worker_do_all_day(self, kind: str) -> None:
        table = getattr(registry["catalog"], kind)
        history(table)
        for work in (
            lambda: release(*claim(table, limit=10)),
            lambda: hand_out(table, limit=5, again_after=AGAIN_AFTER),
            lambda: take(table, parked(table)[0].pk, attempt=1),
            lambda: retry(table, [parked(table)[0].pk]),
            lambda: discard(table, [parked(table)[0].pk]),
            lambda: list(parked(table).order_by("-created_at")[:20]),
            lambda: purge(table, older_than=timedelta(days=30)),
        ):
            assert read_whole("catalog", work) == []

    def test_jobs_are_run_and_events_handed_over(self) -> None:
        served = registry["catalog"]
        history(served.job_table)
        history(served.outbox)
        with asked("catalog") as statements:
            run_due(served, limit=3)
            relay_once(served, limit=3)
        assert len(statements) > 4
        assert full_scans("catalog", statements) == []


@pytest.mark.parametrize("alias", ["default", "media", "catalog"])
def test_what_reads_a_table_whole_is_noticed(alias: str, alice: Principal) -> None:
    if alias == "default":
        people()
        planted = [
            lambda: User.objects.filter(name="P 7").first(),
            lambda: Session.objects.filter(epoch="x").count(),
        ]
    elif alias == "media":
        library(alice)
        planted = [
            lambda: media.Asset.objects.filter(title="Picture 7").first(),
            lambda: media.Original.objects.order_by("-created_at").first(),
        ]
    else:
        table = registry["catalog"].job_table
        history(table)
        planted = [
            lambda: table._default_manager.filter(request_id="x").first(),
            lambda: list(
                table._default_manager.filter(request_id="x").select_for_update().order_by("due_at")[:1]
            ),
        ]
    for work in planted:
        with atomic(next(served.name for served in registry if served.alias == alias)):
            assert len(read_whole(alias, work)) == 1
