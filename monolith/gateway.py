"""nginx's configuration as a gateway, from the table of prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from html import escape
from json import dumps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from monolith.prefixes import FRONT, PAGES, PREFIXES, RENDITIONS, SHARED
from monolith.rest.problems import REFERENCE, SAID
from monolith.rest.renderers import JSON, PROBLEMS

EVERYBODY = "everybody"
SAYS = {
    413: (_("That was too large"), _("It is more than can be sent at once. Send fewer or smaller pictures.")),
    429: (
        _("That was a lot at once"),
        _("More comes from your address than one address may ask for. Wait a moment, then reload the page."),
    ),
    503: (
        _("We will be right back"),
        _(
            "Part of the site is not answering just now. Wait half a minute and reload the page. If you were "
            "sending something, look first whether it arrived."
        ),
    ),
}
RETRY_AFTER = {429: 5, 503: 30}  # seconds
# What services hear of who asks. nginx takes none of it over into a location that sets one of its own.
PASSED_ON = {
    "Connection": '""',
    "Host": "$http_host",
    "X-Forwarded-For": "$proxy_add_x_forwarded_for",
    "X-Forwarded-Proto": "$scheme",
    "X-Request-ID": "$sane_request_id",
}


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What differs from one gateway to the next; text, for it may be a ${VARIABLE}.

    `upstreams` has `host:port` of each context's web processes. `requests` a second and `connections` at a time are
    what one address may have. `megabytes` is MEDIA_MAX_UPLOAD_MB. `cache`: the folder for what is kept, at most
    `cache_size` of it; without one nothing is.
    """

    upstreams: dict[str, list[str]]
    listen: str
    requests: str
    connections: str
    megabytes: str
    certificate: str | None = None
    key: str | None = None
    redirect: str | None = None
    cache: str | None = None
    cache_size: str = "2g"


def render(gateway: Gateway) -> str:
    everybody = list(dict.fromkeys(server for servers in gateway.upstreams.values() for server in servers))
    facts = asdict(gateway) | {
        "upstreams": [*gateway.upstreams.items(), (EVERYBODY, everybody)],
        "routes": list(routes()),
        "front": FRONT,
        "static": urlsplit(settings.STATIC_URL).path,
        "uploads": PREFIXES["media"],
        "pages": list(pages()),
        "passed_on": PASSED_ON.items(),
        "held": f"^(/$|{'|'.join(PAGES)})",
        "renditions": RENDITIONS,
        "languages": [code for code, _name in settings.LANGUAGES],
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,
        "session_cookie": settings.SESSION_COOKIE_NAME.removeprefix("__Host-"),
    }
    return render_to_string("gateway/nginx.conf", facts)


def templates() -> dict[str, str]:
    """The files of deploy/nginx by name, with ${VARIABLES} for envsubst, as nginx's own image does it."""
    plain = Gateway(
        upstreams={name: [f"${{{name.upper()}_WEB}}"] for name in PREFIXES},
        listen="${GATEWAY_PORT}",
        requests="${GATEWAY_REQUESTS}",
        connections="${GATEWAY_CONNECTIONS}",
        megabytes="${MEDIA_MAX_UPLOAD_MB}",
    )
    secure = replace(
        plain, certificate="${TLS_CERTIFICATE}", key="${TLS_KEY}", redirect="${GATEWAY_HTTP_PORT}"
    )
    edge = replace(secure, cache="${EDGE_CACHE}", cache_size="${EDGE_CACHE_SIZE}")
    files = {"http": plain, "https": secure, "edge": edge}
    return {f"{name}.conf.template": render(gateway) for name, gateway in files.items()}


def routes() -> Iterator[tuple[str, str]]:
    """Service and the pattern of nginx of each prefix."""
    for service, prefixes in (PREFIXES | {EVERYBODY: SHARED}).items():
        for prefix in prefixes:
            path = re.escape(prefix.removesuffix("/"))
            yield service, f"^{path}(/|$)" if prefix.endswith("/") else f"^{path}$"


def pages() -> Iterator[dict[str, Any]]:
    """What the gateway says by itself, in every language at once: as a page, and as a problem for the API."""
    for status, words in SAYS.items():
        said = {code: _in(code, words) for code, _name in settings.LANGUAGES}
        facts = {"status": status, "retry_after": RETRY_AFTER.get(status)}
        yield facts | {"kind": "page", "content_type": "text/html; charset=utf-8", "body": _page(said)}
        yield facts | {"kind": "problem", "content_type": PROBLEMS[JSON], "body": _problem(status, said)}


def _in(language: str, words: tuple[Any, Any]) -> tuple[str, str]:
    with translation.override(language):
        title, sentence = words
        return str(title), str(sentence)


def _page(said: dict[str, tuple[str, str]]) -> str:
    parts = (
        f"<div lang={code}><h1>{escape(title)}</h1><p>{escape(sentence)}</p></div>"
        for code, (title, sentence) in said.items()
    )
    title = escape(said[settings.LANGUAGE_CODE][0])
    return (
        f"<!DOCTYPE html><html lang={settings.LANGUAGE_CODE}><meta charset=utf-8>"
        f"<meta name=viewport content=width=device-width><title>{title}</title>{''.join(parts)}"
    )


def _problem(status: int, said: dict[str, tuple[str, str]]) -> str:
    titles, sentences = zip(*said.values(), strict=True)
    code = f"api.{SAID[status][0]}"
    about = {"type": f"{REFERENCE}#{code}", "title": " ".join(titles), "status": status}
    return dumps(about | {"detail": " ".join(sentences), "code": code}, ensure_ascii=False).replace(
        "'", "\\u0027"
    )
