"""manage.py purge: the cache in front of the site forgets pages, all of them or those with a tag."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.catalog.tags import EVERY_PAGE
from monolith.edge import TAG, TAGS_AT_ONCE
from seam.wire import Unavailable


class Command(BaseCommand):
    help = (
        "Let the cache in front of the site forget the pages that carry one of the tags, all pages by default: after a "
        "new version, or a backup that was put back."
    )
    requires_system_checks = ()  # `prepare` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "tags", nargs="*", type=tag, default=[EVERY_PAGE], metavar="TAG", help="such as item-…"
        )

    def handle(self, *args: Any, tags: list[str], **options: Any) -> None:
        if settings.EDGE is None:
            raise CommandError(
                "There is no cache to tell: EDGE_PURGE_URL is not set; docs/edge.md tells more."
            )
        cache = settings.EDGE.cache()
        try:
            for start in range(0, len(tags), TAGS_AT_ONCE):
                cache.forget(tags[start : start + TAGS_AT_ONCE])
        except Unavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"forgotten: {', '.join(tags)}")


def tag(text: str) -> str:
    if not TAG.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no tag: letters, digits, - and _ only")
    return text
