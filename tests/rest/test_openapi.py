"""The API's OpenAPI document describes every address, and is there to be read, by programs and by people."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver

from monolith.rest import reference

VARIABLE = re.compile(r"\{\w+\}")


def described() -> set[tuple[str, str]]:
    return {
        (VARIABLE.sub("*", path), method)
        for path, about in reference.document()["paths"].items()
        for method in about
        if method != "parameters"
    }


def test_every_address_of_the_api_is_described_and_nothing_else() -> None:
    found = set()
    for resolver in get_resolver().url_patterns:
        for pattern in getattr(resolver, "url_patterns", []):
            route = "/" + str(pattern.pattern)
            view = getattr(pattern.callback, "cls", None)
            if route.startswith("/api/v1/") and view:
                methods = [m for m in view.http_method_names if m != "options" and hasattr(view, m)]
                found |= {(re.sub(r"<[^>]+>", "*", route), method) for method in methods if method != "head"}
    assert found == described()


def test_the_document_is_served_and_is_what_it_says_it_is(client: Client) -> None:
    served = client.get("/api/v1/openapi.json")
    assert served.headers["Content-Type"] == "application/json"
    assert served.json() == reference.document()
    assert served.json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_has_every_operation_and_every_code(client: Client, language: str) -> None:
    page = client.get("/api/reference", headers={"accept-language": language}).content.decode()
    for path, about in reference.document()["paths"].items():
        assert path in page
        for method, operation in about.items():
            if method != "parameters":
                assert reference.marked(operation["x-summary-es" if language == "es" else "summary"]) in page
    for code in ("catalog.invalid_item", "catalog.item_changed_meanwhile", "api.throttled", "auth.throttled"):
        assert f'id="{code}"' in page


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"type": "string", "maxLength": 60}, "string, at most 60"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "integer", "minimum": 1, "maximum": 100}, "integer 1…100"),
        ({"type": "array", "maxItems": 12, "items": {"type": "string"}}, "array of string, at most 12"),
        ({"enum": ["newest", "title"]}, "newest | title"),
        ({"$ref": "#/components/schemas/Next"}, "string | null"),
        ({}, "any"),
    ],
)
def test_types_are_said_as_programmers_write_them(schema: dict[str, object], said: str) -> None:
    assert reference.type_of(schema) == said


def test_the_page_shows_types_and_no_backticks(client: Client) -> None:
    page = client.get("/api/reference").content.decode()
    assert "`" not in page
    assert "integer 1…100" in page
    assert "<code>published</code>" in page


def test_what_is_code_is_escaped() -> None:
    assert reference.marked("`<b>` & `x`") == "<code>&lt;b&gt;</code> &amp; <code>x</code>"
