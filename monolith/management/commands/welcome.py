"""Says where the site is once it answers, and fills an empty one with demo data."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command

PATIENCE = 60


class Command(BaseCommand):
    help = (
        "Wait until the site answers, print its address, fill an empty site with demo data, then do nothing."
    )
    requires_system_checks = ()  # `prepare` makes them

    def handle(self, *args: Any, **options: Any) -> None:
        if answers(f"http://{reached_at(settings.BIND_ADDRESS)}:{settings.PORT}/readyz"):
            self.stdout.write(self.style.SUCCESS(f"\n{self.what()} is up: {settings.SITE_URL}\n"))
        else:
            self.stderr.write(f"The site did not answer within {PATIENCE} s; see what `web` says.")
        if settings.DEMO_DATA:
            self.seed()
        # The supervisor ends all processes when one ends, so this one stays; as something that weighs nothing.
        sys.stdout.flush()
        os.execvp("tail", ["tail", "-f", "/dev/null"])

    def what(self) -> str:
        if len(settings.HERE) == len(settings.CONTEXTS):
            return "The site"
        names = " and ".join(context.name for context in settings.HERE)
        return f"The part of the site with {names}"

    def seed(self) -> None:
        try:
            call_command("seed_demo", stdout=self.stdout)
        except Exception as error:  # a site without its demo is still a site
            self.stderr.write(f"The demo data could not be made: {error}. Try `python manage.py seed_demo`.")


def reached_at(bound: str) -> str:
    """Where a program on this machine reaches what listens on `bound`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)
    return f"[{host}]" if ":" in host else host


def answers(url: str) -> bool:
    """Whether `url` answers 200 within PATIENCE seconds."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except OSError:
            time.sleep(0.1)
    return False
