"""How allauth does its work here: accounts made with their event, links that lead to SITE_URL, mails that wait."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.auth.mails import send_later
from apps.auth.models import User
from seam import atomic

if TYPE_CHECKING:  # allauth's forms ask for this adapter while they are imported
    from apps.auth.forms import SignUpForm


LINK = re.compile(r"https?://\S+")


def on_site(url: str) -> str:
    """`url` on SITE_URL, whatever host this request came by: a mail is read elsewhere, and a Host header may lie."""
    parts = urlsplit(url)
    return f"{settings.SITE_URL}{parts._replace(scheme='', netloc='').geturl()}"


def with_html(mail: EmailMessage) -> EmailMultiAlternatives:
    """The same, and as a page: a paragraph that is nothing but a link becomes a button."""
    paragraphs = [part.strip() for part in mail.body.split("\n\n") if part.strip()]
    parts = [{"link" if LINK.fullmatch(part) else "text": part} for part in paragraphs]
    subject = mail.subject.removeprefix(settings.ACCOUNT_EMAIL_SUBJECT_PREFIX)
    both = EmailMultiAlternatives(mail.subject, mail.body, mail.from_email, mail.to)
    both.attach_alternative(
        render_to_string("auth/mail.html", {"subject": subject, "parts": parts}), "text/html"
    )
    return both


class Adapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: User, form: SignUpForm, commit: bool = True) -> User:
        user.email = form.cleaned_data["email"]
        user.name = form.cleaned_data["name"]
        user.password = form.hashed_password
        return User.objects.add(user) if commit else user

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """One may ask for an address that somebody else signed up with meanwhile: theirs it is."""
        with atomic("auth"):
            taken = User.objects.exclude(pk=email_address.user_id).filter(email=email_address.email)
            if not taken.exists():
                return bool(super().confirm_email(request, email_address))
        self.add_message(
            request,
            messages.ERROR,
            message=_("{email} can't be used. Choose another e-mail address.").format(
                email=email_address.email
            ),
        )
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = SimpleNamespace(name=settings.SITE_NAME, domain=urlsplit(settings.SITE_URL).netloc)
        about = {"request": allauth_context.request, "email": email, "current_site": site}
        links = {key: on_site(value) for key, value in context.items() if key.endswith("_url")}
        send_later(with_html(self.render_mail(template_prefix, email, about | context | links)))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("auth:account")
