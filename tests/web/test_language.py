"""The language switch: one cookie, and back to where they were, never to another site."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client


def test_the_choice_is_remembered_and_the_page_comes_back() -> None:
    visitor = Client(enforce_csrf_checks=True)  # held pages carry no token
    answer = visitor.post("/language", {"language": "es", "next": "/search?q=luna&sort=price"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/search?q=luna&sort=price")
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "es"
    assert set(answer.cookies) == {settings.LANGUAGE_COOKIE_NAME}
    assert "Aquí no crece nada" in visitor.get("/nowhere", HTTP_ACCEPT_LANGUAGE="en").content.decode()


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "\x00"],
)
def test_it_leads_to_no_other_site(target: str) -> None:
    answer = Client().post("/language", {"language": "es", "next": target})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("language", ["", "xx", "es; Path=/", "../es", "ES"])
def test_a_language_we_do_not_speak_changes_nothing(language: str) -> None:
    answer = Client().post("/language", {"language": language, "next": "/"})
    assert answer.status_code == 303
    assert not answer.cookies


def test_each_page_offers_the_other_language() -> None:
    assert 'value="es" lang="es"' in Client().get("/nowhere", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert 'value="en" lang="en"' in Client().get("/nowhere", HTTP_ACCEPT_LANGUAGE="es").content.decode()
