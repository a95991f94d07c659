"""Passkeys, codes from an app, recovery codes, and where one is signed in."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache, caches
from django.test import Client

from apps.auth.models import Session
from monolith.cache import redis_cache
from tests.auth.mails import outbox
from tests.people import PASSWORD, sign_in
from tests.servers import free_port

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def code_of(secret: str) -> str:
    """What her app shows now: good for half a minute yet. The counters begin with what it showed before."""
    counters = list(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, counters[settings.MFA_TOTP_TOLERANCE]))


def sign_in_by_form(client, person, agent=FIREFOX):
    return client.post(
        "/accounts/login/", {"login": person.email, "password": PASSWORD}, headers={"user-agent": agent}
    )


@pytest.fixture
def hers(client, alice):
    """Alice's browser, where she has just typed her password twice: to sign in, and because it matters."""
    sign_in_by_form(client, alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def secret(hers, django_capture_on_commit_callbacks):
    """She has set up her app."""
    page = hers.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'class="secret">(\w+)<', page)[1]
    with django_capture_on_commit_callbacks(execute=True):
        assert hers.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    return secret


def test_with_an_app_the_password_is_half_the_way(secret, alice):
    other = Client()
    assert sign_in_by_form(other, alice).url == "/accounts/2fa/authenticate/"
    assert other.get("/accounts/").status_code == 302, "not yet"
    wrong = other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert other.get("/accounts/").status_code == 302
    other.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert other.get("/accounts/").status_code == 200


def test_a_phone_shows_its_number_pad(hers, secret, alice):
    other = Client()
    sign_in_by_form(other, alice)
    for page in (other.get("/accounts/2fa/authenticate/"), hers.get("/accounts/2fa/reauthenticate/")):
        assert 'inputmode="numeric"' in page.content.decode()


def test_a_code_is_good_once_in_every_process(secret, alice):
    """What was used is a row; a process without Redis has a cache of its own."""
    code = code_of(secret)
    for lets_in in (True, False):
        cache.clear()
        other = Client()
        sign_in_by_form(other, alice)
        other.post("/accounts/2fa/authenticate/", {"code": code})
        assert (other.get("/accounts/").status_code == 200) is lets_in


@pytest.fixture
def redis_is_away(settings):
    away = redis_cache(f"redis://127.0.0.1:{free_port()}/0", prefix="site")
    settings.CACHES = settings.CACHES | {"default": away}
    assert caches["default"].add("anything", 1) is None


def test_while_redis_is_away_the_second_step_lets_in_and_can_not_be_guessed(secret, alice, redis_is_away):
    other = Client()
    sign_in_by_form(other, alice)
    other.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert other.get("/accounts/").status_code == 200
    guessing = Client()
    sign_in_by_form(guessing, alice)
    for _ in range(5):
        told = guessing.post("/accounts/2fa/authenticate/", {"code": "000000"}).content.decode()
        assert "Incorrect code" in told
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    assert "Too many" in guessing.post("/accounts/2fa/authenticate/", {"code": code}).content.decode()
    assert guessing.get("/accounts/").status_code == 302


def test_the_owner_is_told_when_it_is_switched_on_and_off(hers, secret):
    assert any("Codes from an app are on" in message.subject for message in outbox())
    hers.post("/accounts/2fa/totp/deactivate/")
    assert "Codes from an app are off" in outbox()[-1].subject
    assert not Authenticator.objects.filter(type="totp").exists()


def test_what_proves_the_second_step_is_sealed_in_its_row(secret):
    kept = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in kept
    codes = Authenticator.objects.get(type="recovery_codes")
    assert codes.wrap().generate_codes()[0] not in str(codes.data)


def test_a_recovery_code_lets_in_once(secret, alice):
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    for lets_in in (True, False):
        other = Client()
        sign_in_by_form(other, alice)
        other.post("/accounts/2fa/authenticate/", {"code": code})
        assert (other.get("/accounts/").status_code == 200) is lets_in


def test_recovery_codes_are_shown_once(hers, secret):
    first = hers.get("/accounts/2fa/recovery-codes/").content.decode()
    assert len(re.findall(r"^\d{8}$|>\d{8}$", first, flags=re.M)) == 10
    hers.get("/accounts/2fa/recovery-codes/download/")
    again = hers.get("/accounts/2fa/recovery-codes/").content.decode()
    assert not re.search(r"\d{8}", re.sub(r"csrf[^>]*>", "", again))


def test_codes_can_not_be_tried_without_end(secret, alice):
    other = Client()
    sign_in_by_form(other, alice)
    answers = [other.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}) for n in range(12)]
    assert "Too many" in answers[-1].content.decode()
    other.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert other.get("/accounts/").status_code == 302, "not even with the right one"


def test_the_address_can_be_changed_as_before(hers, secret, alice):
    answer = hers.post("/accounts/email/", {"email": "alicia@example.com", "action_add": ""})
    assert answer.status_code == 302
    confirm = next(mail for mail in outbox() if mail.to == ["alicia@example.com"])
    link = re.search(r"http\S+(/accounts/confirm-email/\S+)", confirm.body)[1]
    hers.post(link)
    assert get_user_model().objects.get(pk=alice.id).email == "alicia@example.com"


def test_switching_it_off_asks_once_more_who_it_is(secret, alice):
    other = sign_in(Client(), alice)  # signed in long ago
    assert "reauthenticate" in other.post("/accounts/2fa/totp/deactivate/").url
    assert Authenticator.objects.filter(type="totp").exists()


MALFORMED = ["{}", "[]", "1", '{"id": 1}', '{"response": null}', '{"a":' + "[" * 50_000 + "}"]


@pytest.mark.parametrize("credential", MALFORMED)
def test_what_no_passkey_signs_is_refused_in_words(hers, credential):
    answer = Client().post("/accounts/2fa/webauthn/login/", {"credential": credential}, follow=True)
    assert answer.redirect_chain == [("/accounts/login/", 302)]
    assert re.search("This passkey can’t be used here|Enter a valid JSON|required", answer.content.decode())
    assert hers.post("/accounts/2fa/webauthn/add/", {"credential": credential}).status_code == 200
    assert hers.post("/accounts/2fa/webauthn/reauthenticate/", {"credential": credential}).status_code == 302


def test_staff_remove_it_for_who_has_lost_all_that_proves_it(
    hers, secret, alice, bob, dora, django_capture_on_commit_callbacks
):
    staff = sign_in(Client(), dora)
    chosen = {"action": "remove_second_step", "_selected_action": [str(alice.id), str(bob.id)]}
    with django_capture_on_commit_callbacks(execute=True):
        said = staff.post("/admin/accounts/user/", chosen, follow=True).content.decode()
    assert "1 person signs in without a second step now" in said, "Bob has none"
    told = outbox()[-1]
    assert told.to == [alice.email]
    assert "no longer asks for a second step" in told.body
    assert hers.get("/accounts/").status_code == 302, "and is out"
    assert not Authenticator.objects.filter(user=alice.id).exists()
    other = Client()
    sign_in_by_form(other, alice)
    assert other.get("/accounts/").status_code == 200


def test_devices_are_listed_in_words_this_one_first(hers, alice):
    phone = Client()
    sign_in_by_form(phone, alice, IPHONE)
    page = re.sub(r"\s+", " ", hers.get("/accounts/sessions/").content.decode())
    assert page.index("Firefox on Linux") < page.index("Safari on iPhone")
    assert page.count("this one") == 1
    assert page.count("Sign out there") == 1


def test_a_device_is_signed_out_there_at_once_and_others_stay(hers, alice, bob):
    phone, tablet, stranger = Client(), Client(), Client()
    for client in (phone, tablet):
        sign_in_by_form(client, alice, IPHONE)
    sign_in_by_form(stranger, bob)
    theirs = Session.objects.get(user=bob.id).pk
    hers.post("/accounts/sessions/", {"end": theirs})
    assert stranger.get("/accounts/").status_code == 200, "nobody ends somebody else's"
    page = hers.get("/accounts/sessions/").content.decode()
    hers.post("/accounts/sessions/", {"end": re.search(r'name="end" value="(\w+)"', page)[1]})
    assert sorted(c.get("/accounts/").status_code for c in (phone, tablet)) == [200, 302]
    hers.post("/accounts/sessions/", {"others": "1"})
    assert [c.get("/accounts/").status_code for c in (phone, tablet, hers)] == [302, 302, 200]


def test_a_browser_that_says_nonsense_is_listed(client, alice):
    sign_in_by_form(client, alice, "x" * 5000)
    assert "doesn’t say which" in client.get("/accounts/sessions/").content.decode()
