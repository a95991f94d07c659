"""How allauth keeps what a second step is proved with: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.auth import service
from apps.auth.models import User
from apps.auth.sealing import seal, unsealed
from seam import atomic


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


def remove(request: HttpRequest, person: User) -> bool:
    """Let them in by their password alone, as somebody of the site does for who has lost all else; False if it was so.

    They are told by mail and signed out everywhere: whoever got in meanwhile is out.
    """
    with atomic("auth"):
        removed, _rows = Authenticator.objects.filter(user=person).delete()
        if removed:
            service.end_sessions(person_id=person.pk)
            get_adapter(request).send_notification_mail("mfa/email/second_step_removed", person)
    return bool(removed)
