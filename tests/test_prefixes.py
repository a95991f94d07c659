"""Every URL of the whole site is in the gateway's table, under the context that answers it and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.catalog import held
from apps.media import delivery, tickets
from monolith.prefixes import FRONT, PAGES, PREFIXES, RENDITIONS, SHARED, covers, owner_of
from monolith.web.middleware import PROBES
from tests.servers import CONTEXTS

# What stands for a variable part of an address.
SAMPLES = {
    "int": "7",
    "slug": "dunes",
    "str": "dunes",
    "path": "art/prints",
    "uuid": "0b7d1d3a-3a6f-4f7e-9f43-2f9b0c9d7f11",
}
VARIABLE = re.compile(r"<(?:(\w+):)?\w+>|\(\?P<\w+>[^)]*\)")


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """One address for each pattern."""
    for pattern in patterns:
        route = str(pattern.pattern).removeprefix("^").replace("$", "").replace("\\Z", "")
        address = before + VARIABLE.sub(lambda found: SAMPLES[found[1] or "str"], route)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address.replace("\\", "")


def by_owner() -> Iterator[tuple[str | None, str]]:
    """Each address of the site with the context whose urls.py brings it; Django's admin is auth's."""
    for resolver in get_resolver().url_patterns:
        assert isinstance(resolver, URLResolver)
        module = getattr(resolver.urlconf_name, "__name__", "apps.auth.urls")
        owner = module.split(".")[1] if module.startswith("apps.") else None
        yield from ((owner, address) for address in addresses([resolver]))


ADDRESSES = sorted(set(by_owner()), key=str)


@pytest.mark.parametrize(("owner", "address"), ADDRESSES)
def test_an_address_leads_to_the_context_that_answers_it(owner: str | None, address: str) -> None:
    claimed = [name for name, prefixes in PREFIXES.items() if covers(prefixes, address)]
    if owner is None:
        assert claimed == []
        assert covers(SHARED, address)
    else:
        assert owner_of(address) == owner
        assert claimed == ([] if address == "/" else [owner])
        assert not covers(SHARED, address)


def test_no_context_is_left_out_of_the_walk() -> None:
    assert {owner for owner, _ in ADDRESSES} == {*CONTEXTS, None}
    assert len(ADDRESSES) > 60
    assert {"/accounts/login/", "/admin/login/", "/pictures/upload", "/"} <= {a for _, a in ADDRESSES}


def test_what_is_answered_before_the_urls_are_looked_at_is_in_the_table() -> None:
    assert all(covers(SHARED, probe) for probe in PROBES)
    assert settings.STATIC_URL in SHARED
    assert PAGES == held.PREFIXES
    assert RENDITIONS == delivery.RENDITIONS
    assert {owner_of(prefix + "x") for prefix in (delivery.RENDITIONS, tickets.PREFIX)} == {"media"}


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/pictures", "media"),  # without its slash it is sent on by its owner
        ("/pictures/upload", "media"),
        ("/picturesque", None),
        ("/menu", "catalog"),
        ("/menu/", None),
        ("/menus", None),
        ("/", FRONT),
        ("", None),
        ("/static/x.css", None),
        ("/nothing", None),
        ("/ACCOUNTS/", None),
        ("//accounts/", None),
    ],
)
def test_a_prefix_ends_where_it_says(path: str, owner: str | None) -> None:
    assert owner_of(path) == owner


@pytest.fixture
def without_media(settings: Any) -> None:
    """What a process that has no media is told; its URLs are not there either."""
    settings.CONTEXTS = [
        replace(context, location="grpc://media:50051") if context.name == "media" else context
        for context in settings.CONTEXTS
    ]


@pytest.mark.django_db(databases=["default"])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This address is served by another part of the site; the gateway should send it there."),
        (
            "es",
            "Esta dirección la atiende otra parte del sitio; la pasarela debería llevarla hasta allí.",
        ),
    ],
)
def test_what_is_elsewhere_says_so_in_both_languages(
    without_media: None, client: Client, language: str, sentence: str
) -> None:
    page = client.get("/pictures/nothing", headers={"Accept-Language": language})
    assert page.status_code == 404
    assert sentence in page.text
    assert page.headers["Cache-Control"] == "no-store"

    problem = client.get("/api/v1/media/nothing", headers={"Accept-Language": language})
    assert (problem.status_code, problem.json()["detail"]) == (404, sentence)


@pytest.mark.django_db(databases=["default"])
def test_what_is_nowhere_does_not_claim_to_be_elsewhere(without_media: None, client: Client) -> None:
    assert "another part of the site" not in client.get("/nothing").text
    assert "another part of the site" not in client.get("/accounts/nothing").text
