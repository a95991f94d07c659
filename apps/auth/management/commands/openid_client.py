"""`manage.py openid_client`: lets another app of the team sign people in with their accounts here."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.auth import openid


class Command(BaseCommand):
    help = (
        "Register an app that may sign people in by OpenID Connect, and print its id and, once, its secret; without a "
        "name, list those there are. In the admin they are changed and removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="as people will read it")
        parser.add_argument(
            "--redirect",
            action="append",
            default=[],
            metavar="URL",
            help="where people are sent back to; may be given again",
        )
        parser.add_argument(
            "--public",
            action="store_true",
            help="an app that can keep no secret, on a phone or a computer; it proves itself by PKCE",
        )

    def handle(self, *args: Any, name: str | None, redirect: list[str], public: bool, **options: Any) -> None:
        if name is None:
            self.list()
        else:
            self.make(name, redirect, public)

    def make(self, name: str, redirect: list[str], public: bool) -> None:
        if not name.strip() or len(name) > 100:
            raise CommandError("A name has 1 to 100 characters.")
        if not redirect:
            raise CommandError("Say where people are sent back to: --redirect https://app.example/signed-in")
        try:
            client, secret = openid.make_client(name=name.strip(), redirects=redirect, is_public=public)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"issuer         {settings.SITE_URL}\nclient_id      {client.pk}")
        if secret:
            self.stdout.write(f"client_secret  {secret}\nKeep the secret now: it is not shown again.")

    def list(self) -> None:
        for client in Client.objects.order_by("name", "id"):
            self.stdout.write(
                f"{client.pk}  {client.type:<12}  {client.name}  {' '.join(client.get_redirect_uris())}"
            )
