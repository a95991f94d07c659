"""Name and label of the context."""

from importlib import import_module

from django.apps import AppConfig
from django.core.cache import caches
from django.utils.connection import ConnectionProxy
from django.utils.translation import gettext_lazy as _

# What allauth keeps in the default cache every process must know, also while Redis is away: here they are rows.
ROWS = ConnectionProxy(caches, "limits")
KEEPING = (
    "allauth.core.internal.ratelimit",
    "allauth.mfa.totp.internal.auth",  # codes that were used
    "allauth.idp.oidc.internal.oauthlib.authorization_codes",
)


class AuthConfig(AppConfig):
    name = "apps.auth"
    label = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        for module in KEEPING:
            import_module(module).cache = ROWS  # type: ignore[attr-defined]
        import_module("apps.auth.devices")  # which listens for sign-ins
