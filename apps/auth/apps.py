"""Name and label of the context."""

from importlib import import_module
from typing import Any

from allauth.core.internal import ratelimit
from django.apps import AppConfig
from django.core.cache import caches
from django.utils.connection import ConnectionProxy
from django.utils.translation import gettext_lazy as _


class AuthConfig(AppConfig):
    name = "apps.auth"
    label = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        # allauth counts attempts in the default cache, which may be Redis and away; ours are rows.
        ratelimit.cache = ConnectionProxy(caches, "limits")
        # So are the codes that its provider gives to apps: without Redis each process would know its own only.
        codes: Any = import_module("allauth.idp.oidc.internal.oauthlib.authorization_codes")
        codes.cache = ratelimit.cache
        import_module("apps.auth.devices")  # which listens for sign-ins
