"""Another app signs people in by OpenID Connect: the whole way, and each way to cheat on it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from allauth.idp.oidc.models import Client as App
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import resolve

from apps.auth import leaving, openid, service
from apps.auth.contract import Role
from monolith.prefixes import owner_of
from tests import servers
from tests.people import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases="__all__", transaction=True)]

REDIRECT = "https://app.example/signed-in"
AUTHORIZE, TOKEN, USERINFO = "/identity/o/authorize", "/identity/o/api/token", "/identity/o/api/userinfo"


@pytest.fixture
def ana() -> Any:
    return service.register_person(
        email="ana@example.com", password=PASSWORD, name="Ana Pérez", confirmed=True
    )


@dataclass
class Other:
    """The other app, and the browser that it sends to us."""

    app: App
    secret: str
    browser: Client
    verifier: str
    scope: str = "openid profile email"

    def asked(self, **other: str) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "response_type": "code",
            "client_id": self.app.pk,
            "redirect_uri": REDIRECT,
            "scope": self.scope,
            "state": "here",
            "nonce": "once",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | other

    def consent(self, action: str = "grant", **other: str) -> dict[str, list[str]]:
        """What the app is told in the address that the browser is sent back to."""
        page = self.browser.get(AUTHORIZE, self.asked(**other))
        assert page.status_code == 200, page.content
        form = {
            "request": page.context["form"].initial["request"],
            "scopes": self.scope.split(),
            "action": action,
        }
        sent = self.browser.post(AUTHORIZE, form)
        assert sent.status_code == 302, sent.content
        assert sent["Location"].startswith(REDIRECT + "?")
        return parse_qs(urlsplit(sent["Location"]).query)

    def code(self) -> str:
        told = self.consent()
        assert told["state"] == ["here"]
        return told["code"][0]

    def exchange(self, code: str, **other: str) -> Any:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT} | self.itself()
        return Client().post(TOKEN, form | {"code_verifier": self.verifier} | other)

    def refresh(self, token: str) -> Any:
        return Client().post(TOKEN, {"grant_type": "refresh_token", "refresh_token": token} | self.itself())

    def itself(self) -> dict[str, str]:
        return {"client_id": self.app.pk} | ({"client_secret": self.secret} if self.secret else {})


def userinfo(token: str) -> Any:
    return Client().get(USERINFO, headers={"authorization": f"Bearer {token}"})


@pytest.fixture(params=[False, True], ids=["with a secret", "public"])
def other(request: pytest.FixtureRequest, ana: Any) -> Other:
    app, secret = openid.make_client(name="The blog", redirects=[REDIRECT], is_public=request.param)
    browser = Client()
    browser.post("/accounts/login/", {"login": "ana@example.com", "password": PASSWORD})
    return Other(app, secret, browser, secrets.token_urlsafe(48))


def test_an_app_learns_who_it_is_and_anybody_can_check_that(other: Other, ana: Any, settings: Any) -> None:
    told = other.exchange(other.code()).json()
    found = Client().get("/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(Client().get(urlsplit(found["jwks_uri"]).path).json())
    key = keys[jwt.get_unverified_header(told["id_token"])["kid"]]
    claims = jwt.decode(
        told["id_token"], key, algorithms=["RS256"], audience=other.app.pk, issuer=settings.SITE_URL
    )
    assert claims["sub"] == str(ana)
    assert claims["nonce"] == "once"
    asked = userinfo(told["access_token"]).json()
    assert (asked["sub"], asked["email"], asked["name"]) == (str(ana), "ana@example.com", "Ana Pérez")


def test_what_the_site_says_of_itself_is_true(settings: Any) -> None:
    found = Client().get("/.well-known/openid-configuration").json()
    assert found["issuer"] == settings.SITE_URL
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert (found["grant_types_supported"], found["response_types_supported"]) == (openid.GRANTS, ["code"])
    for name, address in found.items():
        if name.endswith(("_endpoint", "_uri")):
            path = urlsplit(address).path
            assert resolve(path)
            assert owner_of(path) == "auth"
            assert Client().get(path).status_code != 404, name


@pytest.mark.parametrize("path", ["/identity/o/device", "/identity/o/api/device/code"])
def test_what_is_not_offered_is_not_there(path: str, ana: Any) -> None:
    browser = Client()
    browser.post("/accounts/login/", {"login": "ana@example.com", "password": PASSWORD})
    assert browser.get(path).status_code == browser.post(path).status_code == 404


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(other: Other) -> None:
    stranger = Client()
    wanted = f"{AUTHORIZE}?{urlencode(other.asked())}"
    sent = stranger.get(wanted)
    assert sent["Location"].startswith("/accounts/login/?next=")
    back = stranger.post(sent["Location"], {"login": "ana@example.com", "password": PASSWORD})
    assert back["Location"] == wanted


def test_the_form_may_lead_to_the_app_and_nowhere_else(other: Other) -> None:
    policy = other.browser.get(AUTHORIZE, other.asked())["Content-Security-Policy"]
    actions = next(part for part in policy.split(";") if part.strip().startswith("form-action"))
    assert sorted(actions.split()) == ["'self'", "form-action", "https://app.example"]
    assert "https://app.example" not in other.browser.get("/accounts/")["Content-Security-Policy"]


def test_who_says_no_is_taken_back_with_nothing(other: Other) -> None:
    assert other.consent("cancel") == {"error": ["access_denied"], "state": ["here"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://evil.example/signed-in"},
        {"redirect_uri": REDIRECT + "/../x"},
        {"client_id": "nobody"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
    ],
)
def test_what_an_app_may_not_ask_has_a_page_and_leads_nowhere(other: Other, wrong: dict[str, str]) -> None:
    answer = other.browser.get(AUTHORIZE, other.asked(**wrong))
    assert answer.status_code == 400
    assert "<h1>That did not work</h1>" in answer.content.decode()


def test_a_code_is_good_once_and_only_for_who_began(other: Other) -> None:
    for cheat in (
        {"code_verifier": "x" * 64},
        {"redirect_uri": "https://evil.example/"},
        {"client_id": "nobody"},
    ):
        assert other.exchange(other.code(), **cheat).status_code in (400, 401), cheat
    code = other.code()
    assert other.exchange(code).status_code == 200
    assert other.exchange(code).status_code == 400


def test_a_public_app_that_proves_nothing_gets_no_code(other: Other) -> None:
    asked = {name: value for name, value in other.asked().items() if not name.startswith("code_challenge")}
    answer = other.browser.get(AUTHORIZE, asked)
    if other.secret:
        assert answer.status_code == 200
    else:
        assert "error=invalid_request" in answer["Location"]


def test_tokens_are_refreshed_once_and_revoked(other: Other) -> None:
    first = other.exchange(other.code()).json()
    second = other.refresh(first["refresh_token"]).json()
    assert other.refresh(first["refresh_token"]).status_code == 400
    assert userinfo(second["access_token"]).status_code == 200
    form = {"token": second["refresh_token"]} | other.itself()
    assert Client().post("/identity/o/api/revoke", form).status_code == 200
    assert other.refresh(second["refresh_token"]).status_code == 400


def test_of_an_account_that_is_deleted_or_closed_nothing_is_told(other: Other, ana: Any) -> None:
    told = other.exchange(other.code()).json()
    service.delete_person(person_id=ana)
    assert userinfo(told["access_token"]).status_code == 401
    assert other.refresh(told["refresh_token"]).status_code == 400
    assert not Token.objects.exists()


def test_people_see_the_apps_they_allowed_and_take_it_back(other: Other, ana: Any) -> None:
    assert "None so far." in other.browser.get("/accounts/apps/").content.decode()
    told = other.exchange(other.code()).json()
    assert "The blog" in other.browser.get("/accounts/apps/").content.decode()
    assert [app["name"] for app in leaving.data_of(ana)["apps"]] == ["The blog"]
    other.browser.post("/accounts/apps/", {"forget": other.app.pk})
    assert "None so far." in other.browser.get("/accounts/apps/").content.decode()
    assert userinfo(told["access_token"]).status_code == 401
    assert other.refresh(told["refresh_token"]).status_code == 400


def test_an_apps_token_is_none_of_the_sites_own(other: Other) -> None:
    """What another app learns somebody by does not open the API."""
    told = other.exchange(other.code()).json()
    for token in (told["id_token"], told["access_token"], told["refresh_token"]):
        answer = Client().get("/api/v1/media/assets", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401


def test_who_guesses_is_not_listened_to(other: Other) -> None:
    good = other.exchange(other.code()).json()
    statuses = [other.exchange(f"guess-{number}").status_code for number in range(31)]
    assert set(statuses[:30]) == {400}
    assert statuses[30] == 429
    limited = other.refresh(good["refresh_token"])
    assert (limited.status_code, limited["Retry-After"]) == (429, "60")


def test_codes_are_known_to_every_process(other: Other) -> None:
    """Without Redis each has a cache of its own; codes are rows."""
    code = other.code()
    cache.clear()
    assert other.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/x",
        "javascript:alert(1)",
        "https://",
        "https://*.example/",
        "https://a.example/#x",
        "https://a.example;script-src/x",
        "https://a.example@b.example/x",
        "app:/x",
        "",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_safe(address: str) -> None:
    with pytest.raises(CommandError, match="can't be used"):
        call_command("openid_client", "App", redirect=[address])
    assert not App.objects.exists()


def test_the_command_tells_the_secret_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("openid_client", "The blog", redirect=["com.example.blog:/in", "http://localhost:9/in"])
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[:3])
    assert App.objects.get(pk=told["client_id"]).check_secret(told["client_secret"])
    call_command("openid_client")
    listed = capsys.readouterr().out
    assert "The blog" in listed
    assert told["client_secret"] not in listed


@pytest.mark.slow
def test_the_guide_does_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (servers.ROOT / "docs" / "openid.md").read_text(), re.M | re.S)
    assert len(blocks) == 2
    with servers.site() as site:
        done = subprocess.run(
            [
                "bash",
                "-euo",
                "pipefail",
                "-c",
                "\n".join(blocks).replace("client.txt", f"{tmp_path}/client.txt"),
            ],
            cwd=servers.ROOT,
            env=site.env | {"SITE": site.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "client_secret  " in done.stdout
    assert f'"issuer": "{site.url}"' in done.stdout


def test_staff_add_an_app_and_see_its_secret_once(client: Client) -> None:
    service.register_person(email="dora@example.com", password=PASSWORD, role=Role.STAFF, confirmed=True)
    client.post("/accounts/login/", {"login": "dora@example.com", "password": PASSWORD})
    add = "/admin/allauth_idp_oidc/client/add/"
    form = {"name": "The blog", "type": "confidential"}
    for wrong in ("", "http://app.example/"):
        assert "errorlist" in client.post(add, form | {"redirect_uris": wrong}).content.decode()
    listed = client.post(add, form | {"redirect_uris": f" {REDIRECT}\r\n"}, follow=True).content.decode()
    app = App.objects.get()
    assert app.get_redirect_uris() == [REDIRECT]
    assert app.get_grant_types() == openid.GRANTS
    secret = html.unescape(listed.partition("which is not shown again: ")[2].partition("</li>")[0].strip())
    assert app.check_secret(secret)
    assert "which is not shown again" not in client.get("/admin/allauth_idp_oidc/client/").content.decode()
