"""How allauth keeps what a second step is proved with: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _

from apps.auth.models import User
from apps.auth.sealing import seal, unsealed


class SecondStep(DefaultMFAAdapter):
    """Sealed in their rows, and in the words of our pages."""

    def encrypt(self, text: str) -> str:
        return seal({"secret": text})

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unreadable."""
        return str(unsealed(encrypted_text)["secret"])

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey {number}").format(number=number)

    def _get_site_name(self) -> str:
        return settings.SITE_NAME
