"""Where files are kept, for settings.STORAGES: a folder, or a bucket of S3 and what speaks its protocol."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from monolith.environment import web_address

FORM = "s3://KEY:SECRET@bucket?endpoint=https://host:port&region=name"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ADDRESSINGS = ("path", "virtual", "auto")
# The largest file the rendition job makes; see FILE_BYTES of functions/media_renditions/render.py.
LARGEST_RENDITION = 64 * 1024**2


def storages(url: str, folder: Path, *, largest: int) -> dict[str, dict[str, Any]]:
    """`originals`, `renditions` and `incoming` in the bucket of `url`, or in `folder` when it is empty.

    `largest`: bytes of an original. Raises ImproperlyConfigured with a remedy, and never repeats the secret.
    """
    place = _bucket(url) if url else None
    return {
        "originals": _storage("originals", place, folder, largest=largest),
        "renditions": _storage("renditions", place, folder, largest=LARGEST_RENDITION, base_url="/media/r/"),
        # Files on their way from one context to another, by name: what crosses the seam carries no bytes.
        "incoming": _storage("incoming", place, folder, largest=largest),
    }


def upload_url(url: str, storage_url: str) -> str:
    """The address of the bucket for browsers, as it is; "" for none. Raises ImproperlyConfigured with a remedy."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            "MEDIA_UPLOAD_URL is the address of the bucket as browsers reach it, like "
            "https://bucket.s3.eu-west-1.amazonaws.com or https://s3.example:8333/bucket."
        )
    if not storage_url:
        raise ImproperlyConfigured(
            "MEDIA_UPLOAD_URL is set, but pictures lie in a folder. Set STORAGE_URL to the bucket, or take "
            "MEDIA_UPLOAD_URL out."
        )
    return url


def _storage(
    kind: str, place: dict[str, Any] | None, folder: Path, *, largest: int, base_url: str | None = None
) -> dict[str, Any]:
    ours = {"kind": kind, "largest": largest, "base_url": base_url}
    if place is None:
        return {"BACKEND": "apps.media.folder.Folder", "OPTIONS": ours | {"location": folder / kind}}
    location = "/".join(filter(None, (place["location"], kind)))
    return {"BACKEND": "apps.media.bucket.Bucket", "OPTIONS": ours | place | {"location": location}}


def _bucket(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _wrong("it is no URL") from error
    if parts.scheme != "s3":
        raise _wrong("it must begin with s3://; to keep files in a folder leave it unset and set MEDIA_ROOT")
    where, wanted = _where(url, parts), _wanted(parts.query)
    endpoint = wanted.get("endpoint") or None
    return where | {
        "endpoint_url": endpoint,
        "region_name": wanted.get("region") or ("us-east-1" if endpoint else None),
        # Amazon gives each bucket a host name; a server of one's own seldom does.
        "addressing": wanted.get("addressing") or ("path" if endpoint else "auto"),
    }


def _where(url: str, parts: SplitResult) -> dict[str, Any]:
    account, _, bucket = parts.netloc.rpartition("@")
    key, _, secret = account.partition(":")
    if "@" in url.removeprefix(f"s3://{parts.netloc}") or "#" in url:
        raise _wrong("a / ? # or % in KEY or SECRET is written %2F %3F %23 %25")
    if bool(key) != bool(secret):
        raise _wrong("KEY and SECRET go together; without both the role of the machine is used")
    if not BUCKET.fullmatch(bucket):
        raise _wrong("it names no bucket of 3 to 63 small letters, digits, dots and hyphens")
    ours = {"bucket_name": bucket, "location": parts.path.strip("/")}
    if not key:
        return ours
    # No token beside: one in the environment belongs to another key.
    return ours | {"access_key": unquote(key), "secret_key": unquote(secret), "security_token": None}


def _wanted(query: str) -> dict[str, str]:
    wanted = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := set(wanted) - {"endpoint", "region", "addressing"}:
        raise _wrong(f"it has no option called {', '.join(sorted(unknown))}")
    if wanted.get("addressing", "path") not in ADDRESSINGS:
        raise _wrong(f"addressing is one of {', '.join(ADDRESSINGS)}")
    if endpoint := wanted.get("endpoint"):
        found = web_address(endpoint)
        if found is None or found.username or found.path.strip("/") or found.query:
            raise _wrong(
                "endpoint is the address of the server, like https://s3.example or http://127.0.0.1:8333"
            )
    return wanted


def _wrong(why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"STORAGE_URL can't be used: {why}. Its form is {FORM}.")
