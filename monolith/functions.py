"""Reads from the environment which functions live elsewhere, and the keys shared with them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import SplitResult

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from monolith.environment import web_address
from seam.signing import secret

KEY_LENGTH = 32
VARIABLE = re.compile(r"FUNCTION_([A-Z0-9_]+)_URL(?:_FILE)?")
# Names that lead nowhere outside the machines of the site (RFC 6761, RFC 9476, and what clusters use).
PRIVATE = (".localhost", ".svc", ".cluster.local", ".internal", ".local")


def read(env: Env, folder: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """URL by name of the functions that are elsewhere, and the keys; `folder` holds a folder per function.

    Raises ImproperlyConfigured with a remedy for a function nobody wrote, a URL or a key that can't be used.
    """
    known = sorted(path.parent.name for path in folder.glob("*/handler.py"))
    _refuse_unknown(env, known)
    urls = {name: _url(env, f"FUNCTION_{name.upper()}_URL") for name in known}
    urls = {name: url for name, url in urls.items() if url}
    return urls, _keys(env, needed=bool(urls))


def _refuse_unknown(env: Env, known: list[str]) -> None:
    for variable in env.ENVIRON:
        match = VARIABLE.fullmatch(variable)
        if match and match[1].lower() not in known:
            named = ", ".join(f"FUNCTION_{name.upper()}_URL" for name in known)
            raise ImproperlyConfigured(f"{variable} names no function there is; known are {named}.")


def _keys(env: Env, *, needed: bool) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in env.str("FUNCTION_KEY", default="").split(",") if key.strip())
    if needed and not keys:
        raise ImproperlyConfigured(
            "A FUNCTION_…_URL is set and FUNCTION_KEY is not, which signs what is sent there. Make one and give it to "
            "both sides: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    if not all(_is_strong(key) for key in keys):
        raise ImproperlyConfigured(
            f"FUNCTION_KEY holds a key of fewer than {KEY_LENGTH} characters, or one that goes on after whsec_ "
            "with other than Base64. Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return keys


def _is_strong(key: str) -> bool:
    try:
        return len(key) >= KEY_LENGTH and bool(secret(key))
    except ValueError:
        return False


def _url(env: Env, variable: str) -> str:
    url = env.str(variable, default="").strip()
    if not url:
        return ""
    parts = web_address(url)
    if parts is None:
        raise ImproperlyConfigured(f"{variable} must be like https://renditions.example.com, not {url!r}.")
    if parts.username or parts.password or parts.fragment:
        raise ImproperlyConfigured(
            f"{variable} holds a user, a password or a #part. Leave it out: FUNCTION_KEY is what says who is asking."
        )
    if parts.scheme == "http" and not is_private(parts):
        raise ImproperlyConfigured(
            f"{variable} begins with http:// and leads out of this machine or cluster; anybody on the way could read "
            "along. Use https://."
        )
    return url


def is_private(parts: SplitResult) -> bool:
    """Whether a URL leads nowhere outside the machines of the site."""
    host = (parts.hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(PRIVATE)
