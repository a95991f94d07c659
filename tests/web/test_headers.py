"""What keeps other sites out stands on every answer, whatever it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

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
    data = len(re.findall(r'<script[^>]* type="application/(?:ld\+)?json"', page))  # is read, not run
    assert page.count("<script") == page.count("<script src=") + data


@pytest.mark.parametrize("url", ["/offline", "/sw.js", "/manifest.webmanifest", "/nowhere", "/livez"])
def test_visitors_get_no_cookie(url: str) -> None:
    assert not Client().get(url).cookies


@pytest.mark.django_db(databases="__all__")
def test_an_answer_tells_its_queries_where_that_is_asked_for(settings: Any) -> None:
    assert "Server-Timing" not in Client().get("/categories/").headers
    settings.MIDDLEWARE = ["monolith.web.timing.server_timing", *settings.MIDDLEWARE]
    told = Client().get("/categories/").headers["Server-Timing"]
    with CaptureQueriesContext(connections["catalog"]) as seen:
        again = Client().get("/categories/").headers["Server-Timing"]
    assert re.fullmatch(r'total;dur=[\d.]+, db;dur=[\d.]+;desc="\d+ queries"', told)
    assert f'desc="{len(seen)} queries"' in again
