"""The mails of a test: those that wait as jobs are sent, as a worker would send them."""

from __future__ import annotations

from django.core import mail

from seam.jobs import run_due
from seam.registry import registry


def outbox() -> list[mail.EmailMessage]:
    """Every mail sent so far, oldest first."""
    while run_due(registry["auth"], limit=20):
        pass
    return mail.outbox
