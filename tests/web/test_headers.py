"""What keeps other sites out stands on every answer, whatever it is."""

from __future__ import annotations

import pytest
from django.test import Client

EVERY = [
    "/offline",
    "/sw.js",
    "/manifest.webmanifest",
    "/favicon.ico",
    "/livez",
    "/nowhere",
    "/api/nowhere",
    "/language",
]


@pytest.mark.parametrize("url", EVERY)
def test_headers_are_on_every_answer(url: str) -> None:
    headers = Client().get(url).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("url", EVERY)
def test_the_content_security_policy_allows_only_what_is_ours(url: str) -> None:
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in Client().get(url).headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert not any("unsafe" in sources for sources in policy.values())


@pytest.mark.parametrize("url", [*EVERY, "/accounts/login/"])
def test_pages_have_nothing_inline(url: str) -> None:
    page = Client().get(url).content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count("<script src=")


@pytest.mark.parametrize("url", ["/offline", "/sw.js", "/manifest.webmanifest", "/nowhere", "/livez"])
def test_visitors_get_no_cookie(url: str) -> None:
    assert not Client().get(url).cookies
