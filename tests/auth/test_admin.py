"""The admin is for staff, signed in like everybody; what is done there is said like anywhere."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from apps.auth.contract import Role
from apps.auth.models import OutboxEvent
from tests.auth.mails import outbox
from tests.people import PASSWORD, make_person, sign_in

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def admin(dora):
    return sign_in(Client(), dora)


def events():
    return list(OutboxEvent.objects.order_by("created_at").values_list("name", flat=True))


def person(email):
    return get_user_model().objects.get(email=email)


def test_staff_see_people_and_nobody_else_does(admin, alice, bob, client):
    assert "alice@example.com" in admin.get(PEOPLE).content.decode()
    for other in (alice, bob):
        assert sign_in(Client(), other).get(PEOPLE, follow=True).status_code == 403
    assert client.get(PEOPLE, follow=True).request["PATH_INFO"] == "/accounts/login/"


def test_it_looks_like_the_site(admin, settings):
    page = admin.get("/admin/").content.decode()
    assert "web/css/admin" in page
    assert f"</svg>{settings.SITE_NAME}</a>" in page


def test_django_s_own_sign_in_is_not_another_way_in(client, dora):
    answer = client.post("/admin/login/", {"username": dora.email, "password": PASSWORD})
    assert answer.url.startswith("/accounts/login/")


def test_a_role_gives_and_takes_the_admin(admin, bob):
    url = f"{PEOPLE}{bob.id}/change/"
    his = sign_in(Client(), bob)
    assert admin.post(url, {"name": "Bob", "role": "staff", "is_active": "on"}).status_code == 302
    assert his.get(PEOPLE).status_code == 200
    assert admin.post(url, {"name": "Bob", "role": "member", "is_active": "on"}).status_code == 302
    assert his.get(PEOPLE, follow=True).status_code == 403


def test_nobody_takes_away_their_own_access(admin, dora):
    url = f"{PEOPLE}{dora.id}/change/"
    assert admin.post(url, {"name": "Dora", "role": "member"}).status_code == 302
    assert person(dora.email).role == Role.STAFF.value
    assert person(dora.email).is_active
    assert admin.post(f"{PEOPLE}{dora.id}/delete/", {"post": "yes"}).status_code == 403
    admin.post(PEOPLE, {"action": "delete_selected", "_selected_action": [str(dora.id)], "post": "yes"})
    assert person(dora.email)


@pytest.mark.parametrize("page", ["account/emailaddress", "mfa/authenticator"])
def test_nobody_puts_an_address_or_a_key_in_somebodys_place(admin, page):
    assert admin.get(f"/admin/{page}/").status_code == 404


def test_an_account_made_in_the_admin_is_told_and_confirmed_by_its_owner(admin):
    fields = {"email": "Eva@Example.com", "name": "Eva", "role": "editor", "usable_password": "true"}
    answer = admin.post(f"{PEOPLE}add/", fields | {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    assert person("eva@example.com").role == "editor"
    assert events()[-1] == "auth.user_registered.v1"
    signed_in = Client().post("/accounts/login/", {"login": "eva@example.com", "password": PASSWORD})
    assert signed_in.url == "/accounts/confirm-email/"
    assert "/accounts/confirm-email/" in outbox()[0].body


def test_an_address_can_not_have_two_accounts(admin, bob):
    fields = {"email": "BOB@example.com", "role": "member", "usable_password": "true"}
    answer = admin.post(f"{PEOPLE}add/", fields | {"password1": PASSWORD, "password2": PASSWORD})
    assert "has an account already" in answer.content.decode()


@pytest.mark.parametrize("how", ["one", "selected"])
def test_an_account_deleted_in_the_admin_is_told(admin, bob, how):
    if how == "one":
        admin.post(f"{PEOPLE}{bob.id}/delete/", {"post": "yes"})
    else:
        admin.post(PEOPLE, {"action": "delete_selected", "_selected_action": [str(bob.id)], "post": "yes"})
    assert not get_user_model().objects.filter(pk=bob.id).exists()
    assert events()[-1] == "auth.user_deleted.v1"


def test_staff_sign_somebody_out_everywhere(admin, bob, settings):
    settings.SESSION_TRUST_SECONDS = 0
    his = sign_in(Client(), bob)
    admin.post(PEOPLE, {"action": "sign_out_everywhere", "_selected_action": [str(bob.id)]})
    assert his.get("/accounts/").status_code == 302


def test_a_password_set_by_staff_signs_its_owner_out(admin, bob, settings):
    settings.SESSION_TRUST_SECONDS = 0
    his = sign_in(Client(), bob)
    fields = {
        "usable_password": "true",
        "password1": "another long secret 8",
        "password2": "another long secret 8",
    }
    assert admin.post(f"{PEOPLE}{bob.id}/password/", fields).status_code == 302
    assert his.get("/accounts/").status_code == 302


def test_roles_hold_what_the_roles_below_them_hold():
    assert Role.STAFF.includes(Role.EDITOR)
    assert Role.EDITOR.includes(Role.MEMBER)
    assert not Role.MEMBER.includes(Role.EDITOR)
    assert make_person("eva@example.com", role=Role.EDITOR).has_role(Role.MEMBER)
