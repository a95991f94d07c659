"""Name and label of the context."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuthConfig(AppConfig):
    name = "apps.auth"
    label = "accounts"
    verbose_name = _("People")
