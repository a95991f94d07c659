"""manage.py gateway: the nginx configuration that sends each URL to the service that answers it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monolith.gateway import Gateway, render, templates
from monolith.prefixes import PREFIXES

ADDRESS = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")
LISTEN = re.compile(r"(?:(?:[0-9.]+|\[[0-9a-fA-F:]+\]):)?[0-9]{1,5}")
COUNT = re.compile(r"[1-9][0-9]{0,6}")
SIZE = re.compile(r"[1-9][0-9]{0,5}[mg]")
FILE = re.compile(r"[A-Za-z0-9_./-]+")


class Command(BaseCommand):
    help = (
        "Print nginx's configuration as the gateway before services; it belongs into nginx's `http` block. "
        "--write makes the files of deploy/nginx instead, which have ${VARIABLES} where they differ."
    )
    requires_system_checks = ()  # `prepare` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        address = matching(LISTEN, "a port, or an address and a port such as 127.0.0.1:8080")
        file = matching(FILE, "the name of a file, of letters, digits and _ . / - only")
        number = matching(COUNT, "a whole number above 0")
        for context in PREFIXES:
            parser.add_argument(
                f"--{context}",
                type=addresses,
                default=["127.0.0.1:8000"],
                metavar="HOST:PORT,…",
                help=f"where web processes that serve {context} listen (127.0.0.1:8000)",
            )
        parser.add_argument("--listen", type=address, default="8080", help="where to listen (8080)")
        parser.add_argument("--certificate", type=file, metavar="PEM", help="answer HTTPS with it")
        parser.add_argument("--key", type=file, metavar="PEM", help="the key of the certificate")
        parser.add_argument("--redirect", type=address, metavar="LISTEN", help="send plain HTTP on to HTTPS")
        parser.add_argument(
            "--cache",
            type=file,
            metavar="FOLDER",
            help="keep pages, static files and pictures there; docs/edge.md",
        )
        parser.add_argument(
            "--cache-size",
            type=matching(SIZE, "a number and m or g, such as 500m"),
            default="2g",
            help="of it (2g)",
        )
        parser.add_argument(
            "--requests",
            type=number,
            default="50",
            help="of one address in a second, ten times that at once (50)",
        )
        parser.add_argument(
            "--connections", type=number, default="100", help="requests of one address in flight (100)"
        )
        parser.add_argument(
            "--write", type=Path, metavar="FOLDER", help="write the files of deploy/nginx there"
        )

    def handle(self, *args: Any, write: Path | None, **options: Any) -> None:
        if write is not None:
            self.write(write)
            return
        if bool(options["certificate"]) != bool(options["key"]):
            raise CommandError("Give --certificate and --key together: HTTPS needs both.")
        if options["redirect"] and not options["certificate"]:
            raise CommandError("--redirect sends people to HTTPS, which needs --certificate and --key.")
        names = ("listen", "certificate", "key", "redirect", "requests", "connections", "cache", "cache_size")
        gateway = Gateway(
            upstreams={context: options[context] for context in PREFIXES},
            megabytes=str(settings.MEDIA_MAX_UPLOAD_MB),
            **{name: options[name] for name in names},
        )
        self.stdout.write(render(gateway), ending="")

    def write(self, folder: Path) -> None:
        try:
            for name, text in templates().items():
                (folder / name).write_text(text)
                self.stdout.write(f"{folder / name} written")
        except OSError as error:
            raise CommandError(f"{error.filename} can't be written ({error.strerror}).") from error


def addresses(text: str) -> list[str]:
    """One or several `host:port` by commas."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found or not all(ADDRESS.fullmatch(part) for part in found):
        raise argparse.ArgumentTypeError(f"{text!r} must be host:port, or several of them by commas")
    return found


def matching(pattern: re.Pattern[str], wanted: str) -> Any:
    """A type for argparse: text of that pattern and nothing that nginx would read as more than one word."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} must be {wanted}")
        return text

    return check
