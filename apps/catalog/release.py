"""A fingerprint of what pages are made with, so that a new release, or another name of the shop, never shows what was
kept before."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

MADE_OF = {".html", ".py", ".mo"}
# Settings that stand in pages or in what is told with them.
SHOWN = ("SITE_NAME", "SITE_URL", "CDN_URL", "PAGES_CACHE_CONTROL")


@cache
def release() -> str:
    """Of our code, templates and translations, of settings, and of the addresses of static files. Some milliseconds,
    once."""
    names = [getattr(staticfiles_storage, "manifest_hash", ""), *(getattr(settings, name) for name in SHOWN)]
    digest = hashlib.blake2b(repr(names).encode(), digest_size=8)
    folders = [Path(apps.get_app_config("catalog").path), settings.BASE_DIR / "monolith"]
    for file in sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in MADE_OF):
        digest.update(file.read_bytes())
    return digest.hexdigest()
