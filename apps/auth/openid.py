"""OpenID Connect, by which other apps sign people in here: allauth speaks it; these are our keys, people and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from allauth.core.internal import ratelimit
from allauth.idp.oidc import views
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.private_keys import filter_keys
from allauth.idp.oidc.models import Client, PrivateKey, Token
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt

from apps.auth import signing
from apps.auth.models import SigningKey
from seam import atomic

SCOPES = {
    "openid": gettext_lazy("Know that it is you"),
    "profile": gettext_lazy("See your name"),
    "email": gettext_lazy("See your email address"),
}
# What is offered of all that allauth could.
GRANTS = ["authorization_code", "refresh_token"]
# It stands in a header: nobody's name before an @, and no other directive after a semicolon.
HOST = re.compile(r"[A-Za-z0-9_.-]*(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
LIMIT = {"app": "allauth.idp.oidc", "action": "token", "limit_get": True}

View = Callable[..., HttpResponse]


class Provider(DefaultOIDCAdapter):
    """How allauth's provider is asked for what is ours."""

    scope_display = SCOPES

    def get_issuer(self) -> str:
        return settings.SITE_URL

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: Any,
        client: Client,
        scopes: Iterable[str],
        **more: Any,
    ) -> dict[str, Any]:
        claims = super().get_claims(purpose, user, client, scopes, **more)
        if "profile" in scopes and user.name:
            claims["name"] = user.name
        return claims

    def list_private_keys(
        self, *, did_activate: Literal[True] | None = None, is_active: Literal[True] | None = None
    ) -> list[PrivateKey]:
        """Those that sign our own tokens, as far as they can be opened."""
        opened = [(key, signing.opened(key)) for key in signing.published()]
        keys = [_as_allauth_has_it(key, private) for key, private in opened if private]
        return filter_keys(keys, did_activate=did_activate, is_active=is_active)

    def get_signing_key(self) -> PrivateKey:
        return _as_allauth_has_it(*signing.signer())

    def populate_server_metadata(self, data: dict[str, Any]) -> None:
        del data["device_authorization_endpoint"]
        data["grant_types_supported"], data["response_types_supported"] = GRANTS, ["code"]
        data["ui_locales_supported"] = [code for code, _name in settings.LANGUAGES]


def _as_allauth_has_it(key: SigningKey, private: RSAPrivateKey) -> PrivateKey:
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return PrivateKey(pem=pem, not_before=key.not_before, expires_at=key.expires_at, issued_at=key.issued_at)


@csrf_exempt  # as allauth's own, which looks at the token itself where a form of ours is sent
def authorize(request: HttpRequest) -> HttpResponse:
    """The page that asks; its form may lead to the app that sent somebody here, and nowhere else."""
    if "code_challenge" in request.GET and request.GET.get("code_challenge_method") != "S256":
        return _error(request, _("The app asks in a way that is not safe: PKCE must use S256."))
    response = views.authorization(request)
    if context := getattr(response, "context_data", None):
        target = context["view"]._request_info["redirect_uri"]
        response._csp_update = {"form-action": [source_of(target)]}
    elif response.status_code == HTTPStatus.OK:
        response.status_code = HTTPStatus.BAD_REQUEST  # allauth's page of what the app did wrong
    return response


def _error(request: HttpRequest, sentence: str) -> HttpResponse:
    context = {"error": {"description": sentence}}
    return render(request, "idp/oidc/error.html", context, status=HTTPStatus.BAD_REQUEST)


def source_of(address: str) -> str:
    """The source of Content-Security-Policy that an address is of: a scheme and a host, or the scheme of an app."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def limited(view: View) -> View:
    """Whoever was wrong too often, at one address, is not listened to for the rest of the minute."""

    @csrf_exempt
    def handler(request: HttpRequest) -> HttpResponse:
        if not ratelimit.consume(request, dry_run=True, **LIMIT):
            problem = {
                "error": "slow_down",
                "error_description": _("Too many wrong requests. Try again in a minute."),
            }
            return JsonResponse(problem, status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": "60"})
        response = view(request)
        if response.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
            ratelimit.consume(request, **LIMIT)
        return response

    return handler


def not_offered(request: HttpRequest) -> HttpResponse:
    """Devices without a browser of their own can't sign in here."""
    raise Http404


OURS = {
    "authorization": authorize,
    "token": limited(views.token),
    "revoke": limited(views.revoke),
    "device_code": not_offered,
    "device_authorization": not_offered,
}


def make_client(*, name: str, redirects: list[str], is_public: bool) -> tuple[Client, str]:
    """An app that may sign people in, and its secret, which can't be had again; "" for one that can keep none.

    Raises ValueError for an address that browsers must not be sent to.
    """
    for redirect in redirects:
        check_redirect(redirect)
    kind = Client.Type.PUBLIC if is_public else Client.Type.CONFIDENTIAL
    client = Client(name=name, type=kind, redirect_uris="\n".join(redirects))
    secret = complete(client)
    with atomic("auth"):
        client.save(force_insert=True)
    return client, secret


def complete(client: Client) -> str:
    """Give a new app what every app has, and its secret, which is returned; "" where it could keep none."""
    client.scopes, client.default_scopes = "\n".join(SCOPES), "openid"
    client.grant_types, client.response_types = "\n".join(GRANTS), "code"
    secret = Provider().generate_client_secret()
    client.set_secret(secret)
    return "" if client.type == Client.Type.PUBLIC else secret


def check_redirect(address: str) -> None:
    """Raises ValueError, with a sentence, for an address that a code must not be sent to."""
    try:
        parts = urlsplit(address)
        is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        parts, is_local = urlsplit(""), False
    is_app = "." in parts.scheme  # com.example.app:/signed-in, as RFC 8252 wants it
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local) or is_app
    if (
        not is_safe
        or (not is_app and not parts.hostname)
        or parts.fragment
        or not HOST.fullmatch(parts.netloc)
        or "*" in address
        or " " in address
    ):
        raise ValueError(
            _(
                "%(address)s can't be used. Write https:// and the whole address (http:// only for localhost), or an "
                "app's own such as com.example.app:/signed-in; without # and *."
            )
            % {"address": address}
        )


def apps_of(person_id: UUID) -> list[dict[str, Any]]:
    """The apps that somebody signed in to and that may still ask about them: `id`, `name`, `since`."""
    tokens = Token.objects.valid().filter(user=person_id, client__isnull=False).order_by("created_at")
    found: dict[str, dict[str, Any]] = {}
    for pk, name, since in tokens.values_list("client_id", "client__name", "created_at"):
        found.setdefault(pk, {"id": pk, "name": name, "since": since})
    return list(found.values())


def forget_app(*, person_id: UUID, client_id: str) -> bool:
    """What the app has of this person no longer works; whether it had anything."""
    with atomic("auth"):
        deleted, _by_model = Token.objects.filter(user=person_id, client=client_id).delete()
    return bool(deleted)
