"""`manage.py rotate_signing_keys`: a new key for the tokens auth signs; the old ones run out, or end at once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from apps.auth import signing
from apps.auth.models import SigningKey


class Command(BaseCommand):
    help = (
        "Publish a new signing key, which signs from some minutes later on, when all who verify tokens have it. "
        "The old key is published until the last token it signed has expired. Running it again meanwhile changes "
        "nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now",
            action="store_true",
            help="an emergency: sign with a new key at once, and refuse every token signed with another",
        )

    def handle(self, *args: Any, now: bool, **options: Any) -> None:
        try:
            (self.replace if now else self.rotate)()
        except signing.SomebodyElseRotates:
            raise CommandError(
                "Others rotate at the same time; nothing was changed here. Run it again."
            ) from None
        except DatabaseError as error:
            raise CommandError(f"Auth's database can't be used ({error}); nothing was changed.") from error
        self.list()

    def replace(self) -> None:
        key = signing.replace()
        self.stdout.write(f"{key.kid} signs from now on. Tokens signed with another key are refused.")

    def rotate(self) -> None:
        key, made = signing.rotate()
        already = "" if made else "There is a next key already; nothing was changed. "
        self.stdout.write(f"{already}{key.kid} signs from {key.not_before:%Y-%m-%d %H:%M:%S} UTC on.")

    def list(self) -> None:
        for key in SigningKey.objects.valid():
            until = f"{key.expires_at:%Y-%m-%d %H:%M:%S}" if key.expires_at else "it is replaced"
            self.stdout.write(f"  {key.kid}  from {key.not_before:%Y-%m-%d %H:%M:%S}  until {until}")
