"""PUBLIC: `handle(data, storage) -> data`, sends one e-mail. No Django, no database, no state."""

from __future__ import annotations

import smtplib
import ssl
import sys
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any
from urllib.parse import unquote, urlsplit

from functions.runtime.environment import setting

SECONDS = 10
# Scheme of EMAIL_URL, as the site reads it: the port it means, and how the connection is kept private.
PORTS = {"smtp": 25, "smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}

Send = Callable[[dict[str, Any]], None]


def by_email_url(data: dict[str, Any]) -> None:
    """Send it as EMAIL_URL says: `smtp+tls://user:password@host:587`, or `consolemail://` to print it.

    Raises ValueError for an EMAIL_URL or a mail that can't be used, SMTPException and OSError for a server that is
    away or refuses.
    """
    mail, url = message(data), setting("EMAIL_URL")
    parts = urlsplit(url)
    if parts.scheme == "consolemail":
        # Between lines as Django's console backend writes them.
        print(f"{mail.as_string(policy=default)}\n{'-' * 79}", file=sys.stdout, flush=True)
        return
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("Set EMAIL_URL to where mails go out: smtp+tls://user:password@host:587.")
    host, port, tls = parts.hostname, parts.port or PORTS[parts.scheme], ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=tls)
        if parts.scheme == "smtp+ssl"
        else smtplib.SMTP(host, port, timeout=SECONDS)
    ) as server:
        if parts.scheme in ("smtps", "smtp+tls"):
            server.starttls(context=tls)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(mail)


def handle(data: dict[str, Any], storage: object, send: Send = by_email_url) -> dict[str, Any]:
    """Send the mail that `data` says: subject, from, to (a list), text, html ("" for none), message_id and date.

    The answer has its `message_id`. Sent twice, it is the same mail with the same Message-ID, by which mail programs
    know it again. Raises ValueError for a mail that can't be written, and what `send` raises.
    """
    _check(data)
    send(data)
    return {"message_id": data["message_id"]}


def message(data: dict[str, Any]) -> EmailMessage:
    """As it goes over the wire. Raises ValueError for a line end in a header."""
    mail = EmailMessage(policy=SMTP)
    mail.set_content(data["text"])
    if data["html"]:
        mail.add_alternative(data["html"], subtype="html")
    # After the content, so that it is printed in the order Django prints it, whose mails tests and people read.
    mail["Subject"], mail["From"], mail["To"] = data["subject"], data["from"], ", ".join(data["to"])
    mail["Message-ID"], mail["Date"] = data["message_id"], data["date"]
    return mail


def _check(data: dict[str, Any]) -> None:
    texts = ("subject", "from", "text", "html", "message_id", "date")
    wrong = [name for name in texts if not isinstance(data.get(name), str)]
    to = data.get("to")
    if wrong or not isinstance(to, list) or not to or not all(isinstance(one, str) and one for one in to):
        raise ValueError(f"A mail needs the texts {', '.join(texts)} and a list of addresses, to.")
