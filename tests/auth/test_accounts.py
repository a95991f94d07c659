"""Signing up, confirming, signing in and out, and changing what one signs in with, as people do it."""

import json
import re
import smtplib

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.auth.contract import Role
from apps.auth.mails import send_later
from apps.auth.models import Job, OutboxEvent, Session
from seam import atomic
from seam.registry import registry
from tests.auth.mails import outbox
from tests.people import PASSWORD, make_person, sign_in

pytestmark = pytest.mark.django_db

NEW = "new@example.com"
SIGN_UP = {"email": NEW, "name": "Nadia", "password1": PASSWORD}


def link_in(message):
    """The one link of a mail, as a path; it leads to the site whatever host asked for it."""
    url = re.search(r"https?://\S+", message.body).group()
    assert url.startswith(settings.SITE_URL + "/")
    return url.removeprefix(settings.SITE_URL)


def is_signed_in(client):
    return client.get("/accounts/").status_code == 200


def events(name):
    return list(OutboxEvent.objects.filter(name=name).values_list("data", flat=True))


def test_somebody_signs_up_confirms_and_is_signed_in(client):
    sent = client.post("/accounts/signup/", SIGN_UP, HTTP_HOST="127.0.0.1")
    assert sent.url == reverse("account_email_verification_sent")
    person = get_user_model().objects.get()
    assert (person.email, person.name, person.role) == (NEW, "Nadia", "member")
    assert events("auth.user_registered.v1") == [{"user_id": str(person.id)}]
    assert not is_signed_in(client)

    [message] = outbox()
    assert message.to == [NEW]
    link = link_in(message)
    assert "Is <strong>new@example.com</strong> yours?" in client.get(link).content.decode()
    assert not is_signed_in(client), "opening the link is not enough: mail scanners open links"
    assert client.post(link).url == "/"
    assert is_signed_in(client)


def test_confirming_in_another_browser_signs_nobody_in(client):
    client.post("/accounts/signup/", SIGN_UP)
    elsewhere = Client()
    elsewhere.post(link_in(outbox()[0]))
    assert not is_signed_in(elsewhere)
    assert sign_in_by_form(elsewhere, NEW).url == "/"


def test_nobody_signs_in_before_confirming(client):
    client.post("/accounts/signup/", SIGN_UP)
    answer = sign_in_by_form(Client(), NEW)
    assert answer.url == reverse("account_email_verification_sent")


def test_a_confirmation_link_that_was_tampered_with_confirms_nothing(client):
    client.post("/accounts/signup/", SIGN_UP)
    link = link_in(outbox()[0])
    Client().post(f"{link[:-3]}x/")
    assert sign_in_by_form(Client(), NEW).url == reverse("account_email_verification_sent")


def sign_in_by_form(client, email, password=PASSWORD, **more):
    return client.post("/accounts/login/", {"login": email, "password": password} | more)


def test_signing_in_and_out(client, bob):
    assert sign_in_by_form(client, bob.email).url == "/"
    assert is_signed_in(client)
    assert client.get("/accounts/logout/").status_code == 200, "a link alone signs nobody out"
    client.post("/accounts/logout/")
    assert not is_signed_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == ""


def test_letters_of_an_address_may_be_cased_any_way(client, bob):
    assert sign_in_by_form(client, "BOB@Example.com").url == "/"
    assert get_user_model().objects.get(email="BOB@EXAMPLE.COM").id == bob.id
    with pytest.raises(Exception, match=r"UNIQUE|Duplicate"):
        make_person("Bob@Example.COM")


def test_addresses_that_only_look_alike_are_two_people(client, bob):
    """MariaDB's collations take a for á; a reset for the one must never reach or open the other."""
    client.post("/accounts/password/reset/", {"email": "bob@exámple.com"})
    [message] = outbox()
    assert message.to == ["bob@exámple.com"]
    assert "/password/reset/key/" not in message.body


def test_the_session_key_changes_at_sign_in(client, bob):
    client.post("/accounts/signup/", SIGN_UP)  # leaves a session that belongs to nobody
    before = client.cookies[settings.SESSION_COOKIE_NAME].value
    sign_in_by_form(client, bob.email)
    after = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert before
    assert after
    assert before != after
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = before
    assert not is_signed_in(stolen)


@pytest.mark.parametrize(
    ("target", "ends_at"),
    [
        ("/accounts/email/", "/accounts/email/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http:evil.example", "/"),
    ],
)
def test_next_leads_nowhere_but_here(client, bob, target, ends_at):
    assert sign_in_by_form(client, bob.email, next=target).url == ends_at


def test_password_reset_ends_every_session(client, bob):
    elsewhere = sign_in(Client(), bob)
    client.post("/accounts/password/reset/", {"email": bob.email}, HTTP_HOST="127.0.0.1")
    form = client.get(link_in(outbox()[0]), follow=True)
    path = form.request["PATH_INFO"]
    client.post(path, {"password1": "another long secret 8", "password2": "another long secret 8"})
    assert not is_signed_in(elsewhere)
    assert sign_in_by_form(client, bob.email).status_code == 200, "the old password is no longer one"
    assert sign_in_by_form(client, bob.email, "another long secret 8").url == "/"
    assert Client().get(link_in(outbox()[0]), follow=True).request["PATH_INFO"] != path, "used once"


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(client, bob):
    elsewhere = sign_in(Client(), bob)
    sign_in(client, bob)
    changed = client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another long secret 8", "password2": "another long secret 8"},
    )
    assert changed.url == "/accounts/"
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert outbox()[-1].to == [bob.email], "the owner is told"


def test_a_password_hashed_anew_at_sign_in_ends_nothing(client, bob, settings):
    elsewhere = sign_in(Client(), bob)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    sign_in_by_form(client, bob.email)
    assert get_user_model().objects.get(pk=bob.id).password.startswith("pbkdf2")
    assert is_signed_in(client)
    assert is_signed_in(elsewhere)


def ask_for_another_address(client, person, email):
    """The link that confirms it."""
    sign_in_by_form(client, person.email)
    asked = client.post("/accounts/email/", {"email": email, "action_add": ""})
    assert asked.url.startswith(reverse("account_reauthenticate")), "the password is asked for again"
    assert outbox() == []
    client.post(asked.url, {"password": PASSWORD})
    return link_in(next(m for m in outbox() if m.to == [email]))


def test_changing_the_address(client, bob):
    link = ask_for_another_address(client, bob, "robert@example.com")
    person = get_user_model().objects.get(pk=bob.id)
    assert person.email == bob.email, "until the new address is confirmed the old one holds"
    client.post(link)
    person.refresh_from_db()
    assert person.email == "robert@example.com"
    assert bob.email in [to for m in outbox() for to in m.to], "the old address is told"
    assert sign_in_by_form(Client(), "robert@example.com").url == "/"


def test_an_address_that_somebody_took_meanwhile_is_refused_clearly(client, bob):
    link = ask_for_another_address(client, bob, NEW)
    make_person(NEW, confirmed=False)
    answer = client.post(link, follow=True)
    assert answer.status_code == 200
    assert "Choose another e-mail address" in answer.content.decode()
    assert get_user_model().objects.get(pk=bob.id).email == bob.email


def test_the_account_page_changes_the_name(client, bob):
    sign_in(client, bob)
    page = client.get("/accounts/")
    assert "bob@example.com" in page.content.decode()
    assert client.post("/accounts/", {"name": "Robert"}).url == "/accounts/"
    page = client.get("/accounts/").content.decode()
    assert 'value="Robert"' in page
    too_long = client.post("/accounts/", {"name": "x" * 151})
    assert too_long.status_code == 200
    assert too_long.context["form"].errors["name"]


def test_the_account_page_is_for_its_owner(client):
    assert client.get("/accounts/").url == "/accounts/login/?next=/accounts/"


@pytest.mark.parametrize("path", ["login/", "signup/", "password/reset/", "confirm-email/", "logout/"])
def test_account_pages_are_not_kept_by_caches(client, bob, path):
    sign_in(client, bob) if path == "logout/" else None
    assert "no-store" in client.get(f"/accounts/{path}").headers["Cache-Control"]


def test_a_mail_server_that_is_away_loses_nobody_and_no_mail(client, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise smtplib.SMTPServerDisconnected("away")

    with monkeypatch.context() as patched:
        patched.setattr(mail.EmailMessage, "send", refuse)
        answer = client.post("/accounts/signup/", SIGN_UP, follow=True)
        assert answer.status_code == 200
        assert "We have sent" in answer.content.decode()
        assert outbox() == []
    [job] = Job.objects.filter(name="auth.send_mail")
    assert "SMTPServerDisconnected: away" in job.last_error
    Job.objects.update(due_at=timezone.now())  # a second later
    [message] = outbox()
    assert message.to == [NEW]
    assert client.post(link_in(message)).url == "/"


def test_what_waits_to_be_sent_is_unreadable_without_the_secret_key(client, settings, caplog):
    client.post("/accounts/signup/", SIGN_UP)
    job = Job.objects.get(name="auth.send_mail")
    assert set(job.data) == {"sealed"}
    assert not re.search("new@example|confirm-email|Nadia", json.dumps(job.data))
    settings.SECRET_KEY, before = "another key, and also long enough", settings.SECRET_KEY
    assert outbox() == []
    job.refresh_from_db()
    assert "sealed with another SECRET_KEY" in job.last_error
    assert not re.search("new@example|confirm-email|Nadia", job.last_error + caplog.text)
    settings.SECRET_KEY_FALLBACKS = [before]
    Job.objects.update(due_at=timezone.now())
    [message] = outbox()
    assert message.to == [NEW]


def test_a_mail_is_sent_when_what_it_tells_was_kept_and_never_otherwise():
    def tell(times):
        with atomic("auth"):
            send_later(mail.EmailMessage("Hello", "It is done.", to=[NEW]))
            return 1 / times

    with pytest.raises(ZeroDivisionError):
        tell(0)
    assert outbox() == []
    tell(1)
    assert [message.subject for message in outbox()] == ["Hello"]


def test_a_mail_sent_twice_is_the_same_mail():
    send_later(mail.EmailMessage("Hello", "It is done.", to=[NEW]))
    job = Job.objects.get()
    for _time in range(2):
        registry["auth"].jobs[job.name].do(job.data, str(job))
    one, two = mail.outbox
    assert one.extra_headers == two.extra_headers
    assert one.extra_headers["Message-ID"].endswith("@localhost>")


def test_first_staff_is_made_at_the_command_line(client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="Boss@example.com", interactive=False, verbosity=0)
    boss = get_user_model().objects.get(email="boss@example.com")
    assert boss.role == Role.STAFF.value
    assert events("auth.user_registered.v1") == [{"user_id": str(boss.id)}]
    assert sign_in_by_form(client, "boss@example.com", next="/admin/").url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_an_account_that_is_not_active_can_not_sign_in(client, bob):
    get_user_model().objects.filter(pk=bob.id).update(is_active=False)
    assert sign_in_by_form(client, bob.email).url == reverse("account_inactive")
    assert not Session.objects.filter(user=bob.id).exists()


def test_signing_up_with_bad_input_says_what_is_wrong(client):
    answer = client.post("/accounts/signup/", {"email": "nobody", "password1": "12345", "name": "x" * 200})
    assert set(answer.context["form"].errors) == {"email", "password1", "name"}
    assert not get_user_model().objects.exists()
    answer = client.post("/accounts/signup/", SIGN_UP | {"email": "a\x00b@example.com"})
    assert answer.status_code == 200
    assert "email" in answer.context["form"].errors


def test_mails_are_pages_too_in_the_readers_language(client):
    client.post("/accounts/signup/", SIGN_UP, headers={"accept-language": "es-MX"})
    [message] = outbox()
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    link = re.search(r"https?://\S+", message.body).group()
    assert f'<a class="button" href="{link}">Abrir el enlace</a>' in html
    assert '<html lang="es">' in html
    assert "Hola" in message.body
    assert "Hola" in html


def test_what_allauth_tells_of_by_itself_is_told_in_the_voice_of_our_pages(client, bob):
    spanish = {"accept-language": "es"}
    client.post("/accounts/password/reset/", {"email": bob.email})
    path = client.get(link_in(outbox()[0]), follow=True).request["PATH_INFO"]
    new = "another long secret 8"
    client.post(path, {"password1": new, "password2": new}, headers=spanish)
    sign_in_by_form(client, bob.email, new)
    client.post("/accounts/reauthenticate/", {"password": new})
    client.post("/accounts/email/", {"email": "bobby@example.com", "action_add": ""})
    client.post("/accounts/email/", {"email": "bobby@example.com", "action_remove": ""}, headers=spanish)
    _link, reset, _confirm, removed = outbox()
    assert reset.subject.endswith("Tu contraseña cambió")
    assert "la contraseña de tu cuenta cambió." in reset.body
    assert removed.subject.endswith("Se quitó una dirección de correo")
    assert "bobby@example.com se quitó de tu cuenta." in removed.body


def test_a_name_of_markup_stays_a_name_in_a_mail(client, settings):
    settings.SITE_NAME = "<b>Tom & Jerry</b>"
    client.post("/accounts/signup/", SIGN_UP)
    [(html, _kind)] = outbox()[0].alternatives
    assert "<b>" not in html
    assert "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;" in html


def test_a_password_manager_finds_where_passwords_are_changed(client, bob):
    answer = sign_in(client, bob).get("/.well-known/change-password", follow=True)
    assert answer.redirect_chain == [("/accounts/password/change/", 302)]
    assert answer.status_code == 200
