"""What a person sees and does: `manage.py jobs`, the admin pages, and the check of the isolation level."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import reverse

from seam import Job
from seam.checks import isolation_level
from seam.jobs import run_due
from seam.registry import registry
from seam.rows import Status
from tests.seam.jobs import ask, having, jobs, leave_mark, marks, raising

pytestmark = pytest.mark.django_db(databases="__all__")

fails = Job("catalog.fails", effect=raising(ValueError("the shelf is <full>")), max_attempts=1)
works = Job("catalog.fails", effect=leave_mark)


@pytest.fixture
def parked() -> Any:
    """A parked job, and one that waits."""
    with having(fails):
        ask("catalog.fails", {"item": "ñandú"})
        run_due(registry["catalog"])
        ask("catalog.fails")
    return jobs().get(status=Status.PARKED)


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("jobs", *arguments, stdout=out)
    return out.getvalue()


class TestCommand:
    def test_an_empty_site_shows_zeroes(self) -> None:
        lines = command().splitlines()
        assert lines[0].split() == ["waiting", "done", "parked"]
        assert [line.split() for line in lines[1:]] == [
            [served.name, kind, "0", "0", "0"] for served in registry for kind in ("events", "jobs")
        ]

    def test_what_is_parked_is_listed_with_its_reason(self, parked: Any) -> None:
        out = command("list")
        assert f"parked {parked.pk} catalog.fails\n  ValueError: the shelf is <full>" in out
        assert ["catalog", "jobs", "1", "0", "1"] in [line.split() for line in out.splitlines()]

    def test_what_failed_and_is_tried_again_is_listed_too(self) -> None:
        with having(Job("catalog.fails", effect=raising(ConnectionError("the store is away")))):
            ask("catalog.fails")
            run_due(registry["catalog"])
        out = command("list")
        assert f"tried 1 × {jobs().get().pk} catalog.fails\n  ConnectionError: the store is away" in out
        assert "parked " not in out

    def test_one_is_shown_whole(self, parked: Any) -> None:
        out = command("show", str(parked.pk))
        assert "status: parked" in out
        assert "Traceback" in out

    def test_one_is_retried(self, parked: Any) -> None:
        assert command("retry", str(parked.pk)) == "1 will be tried again.\n"
        with having(works):
            assert run_due(registry["catalog"], limit=5) == 2
        assert len(marks()) == 2

    def test_all_are_retried(self, parked: Any) -> None:
        assert command("retry", "--all") == "1 will be tried again.\n"
        assert command("retry", "--all") == "0 will be tried again.\n"

    def test_one_is_discarded(self, parked: Any) -> None:
        assert command("discard", str(parked.pk)) == "1 discarded.\n"
        assert not jobs().filter(pk=parked.pk).exists()

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("retry",), "Say which"),
            (("retry", str(uuid4()), "--all"), "Say which"),
            (("retry", str(uuid4())), "0 of 1 were parked"),
            (("discard", str(uuid4())), "0 of 1 were parked"),
            (("show", str(uuid4())), "No event and no job here has the id"),
            (("show", "7"), "invalid UUID value: '7'"),
            (("burn",), "invalid choice: 'burn'"),
        ],
    )
    def test_a_mistake_gets_a_sentence(self, arguments: tuple[str, ...], complaint: str) -> None:
        with pytest.raises(CommandError, match=complaint):
            command(*arguments)

    def test_what_waits_is_not_discarded(self, parked: Any) -> None:
        with pytest.raises(CommandError, match="0 of 1 were parked"):
            command("discard", str(jobs().get(status=Status.WAITING).pk))


TABLES = [
    "accounts_outboxevent",
    "accounts_job",
    "media_outboxevent",
    "media_job",
    "catalog_outboxevent",
    "catalog_job",
]


class TestAdmin:
    @pytest.fixture
    def staff(self, client: Client) -> Client:
        person = get_user_model().objects.create_superuser("dora@example.com", "x")
        client.force_login(person)
        return client

    @pytest.mark.parametrize("table", TABLES)
    def test_every_table_has_a_page_that_only_shows(self, staff: Client, table: str) -> None:
        response = staff.get(reverse(f"admin:{table}_changelist"))
        assert response.status_code == 200
        assert response.context["cl"].model_admin.has_add_permission(response.wsgi_request) is False
        assert staff.get(reverse(f"admin:{table}_add")).status_code == 403

    def test_in_spanish_nothing_is_left_in_english(self, staff: Client, parked: Any) -> None:
        spanish = {"Accept-Language": "es"}
        html = staff.get(reverse("admin:catalog_job_changelist"), headers=spanish).content.decode()
        html += staff.get(
            reverse("admin:catalog_job_change", args=[parked.pk]), headers=spanish
        ).content.decode()
        assert all(word in html for word in ("Nombre", "Estado", "Intentos", "Por estado", "Último error"))
        english = (
            r">\s*(By )?(name|status|attempts|created at|due at|done at|request id|lease until|key):?\s*<"
        )
        assert not re.findall(english, html, re.IGNORECASE)

    def test_one_job_is_shown_with_its_error_as_text(self, staff: Client, parked: Any) -> None:
        html = staff.get(reverse("admin:catalog_job_change", args=[parked.pk])).content.decode()
        assert "the shelf is &lt;full&gt;" in html
        assert "ñandú" in html
        assert 'name="_save"' not in html

    @pytest.mark.parametrize(
        ("action", "left"), [("retry_parked", ["waiting"] * 2), ("discard_parked", ["waiting"])]
    )
    def test_what_is_parked_is_retried_or_discarded(
        self, staff: Client, parked: Any, action: str, left: list[str]
    ) -> None:
        chosen = {"action": action, "_selected_action": [str(row.pk) for row in jobs()]}
        response = staff.post(reverse("admin:catalog_job_changelist"), chosen, follow=True)
        assert next(str(message) for message in response.context["messages"]).startswith("1 ")
        assert list(jobs().values_list("status", flat=True)) == left

    @pytest.mark.parametrize(
        ("may", "offered"),
        [
            ({"catalog.view_job"}, set()),
            ({"catalog.view_job", "catalog.change_job"}, {"retry_parked"}),
            ({"catalog.view_job", "catalog.delete_job"}, {"discard_parked"}),
        ],
    )
    def test_who_may_not_is_not_offered_it(self, may: set[str], offered: set[str]) -> None:
        request = RequestFactory().get("/")
        request.user = type("Person", (), {"has_perm": lambda self, name: name in may})()
        admin.autodiscover()
        pages = admin.site.get_model_admin(registry["catalog"].job_table)
        assert pages.get_actions(request).keys() == offered


@pytest.mark.django_db(databases="__all__", transaction=True)
class TestIsolationLevel:
    def test_the_databases_of_the_site_are_as_they_must_be(self) -> None:
        assert isolation_level(databases=[served.alias for served in registry]) == []

    def test_another_level_is_an_error_with_its_remedy(self) -> None:
        connection = connections["catalog"]
        if connection.vendor != "mysql":
            pytest.skip("SQLite has one level only")
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        try:
            (error,) = isolation_level(databases=["default", "media", "catalog"])
            assert error.id == "seam.E001"
            assert "'catalog' is at isolation level REPEATABLE-READ" in error.msg
            with pytest.raises(CommandError, match=r"seam\.E001"):
                call_command("relay")
        finally:
            connection.close()

    def test_databases_nobody_asked_about_are_left_alone(self) -> None:
        assert isolation_level(databases=None) == []
