"""E-mails, kept with the fact they tell and sent by a job: nobody waits for a mail server, which may be away."""

from __future__ import annotations

from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from apps.auth.sealing import seal, unsealed
from functions.auth_send_mail.handler import handle
from seam import atomic, enqueue

SEND = "auth.send_mail"


def send_later(mail: EmailMessage) -> None:
    """Ask for it in the transaction that is open, or in one of its own; what that takes back is never sent.

    It is sealed: it may hold a link that opens an account, and rows are seen by staff and kept in backups.
    """
    html = next((str(body) for body, kind in getattr(mail, "alternatives", []) if kind == "text/html"), "")
    data = {
        "subject": mail.subject,
        "from": mail.from_email,
        "to": mail.to,
        "text": mail.body,
        "html": html,
        "message_id": make_msgid(domain=urlsplit(settings.SITE_URL).hostname),
        "date": formatdate(),
    }
    with atomic("auth"):
        enqueue(SEND, {"sealed": seal(data)})


def opened(data: dict[str, Any]) -> dict[str, Any]:
    return unsealed(data["sealed"])


def send(data: dict[str, Any], storage: object) -> dict[str, Any]:
    """The function, with Django's mail backend for its way out."""
    return handle(data, storage, send=_through_django)


def _through_django(data: dict[str, Any]) -> None:
    headers = {"Message-ID": data["message_id"], "Date": data["date"]}
    mail = EmailMultiAlternatives(data["subject"], data["text"], data["from"], data["to"], headers=headers)
    if data["html"]:
        mail.attach_alternative(data["html"], "text/html")
    mail.send()
