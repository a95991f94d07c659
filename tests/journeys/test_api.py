"""A program does by the API what people do by pages: with a token, in JSON and XML, nothing doubled or overwritten."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.journeys.conftest import EDITOR
from tests.journeys.place import Place, eventually, is_idle
from tests.journeys.test_making import RENDERED, picture

# It needs no browser, but the same places that the other journeys go to.
pytestmark = pytest.mark.browser

ITEMS, ASSETS = "/api/v1/catalog/items/", "/api/v1/media/assets"
JSON, XML = "application/json", "application/xml"
TOKEN = """
import os, sys
sys.path.insert(0, os.getcwd())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
import django
django.setup()
from apps.auth import tokens
from apps.auth.models import User
person = User.objects.get(email="{email}").pk
print(tokens.make_token(person_id=person, name="journey", scopes=list(tokens.SCOPES), days=7))
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@pytest.fixture
def ask(place: Place) -> Callable[..., Answer]:
    """`ask("POST", ITEMS, body, Idempotency_Key=…)` as a program of the editor's."""
    program = TOKEN.format(email=EDITOR)
    token = place.probe.machines["auth"].python(program).strip()

    def asked(method: str, path: str, body: bytes | dict[str, Any] | None = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {token}", "Content-Type": JSON}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        address = path if path.startswith("http") else place.url + path
        request = urllib.request.Request(address, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as answer:
            return Answer(answer.code, dict(answer.headers), answer.read().decode())

    return asked


def upload(place: Place, ask: Callable[..., Answer], name: str) -> dict[str, Any]:
    """A picture of somebody's own, once its renditions are made and the catalogue has heard of it.

    Until it has, an item that is about to show the picture is changed by the news: its version moves on.
    """
    file, edge = picture(name), uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{file["name"]}"\r\n'
    body = f"{head}Content-Type: image/png\r\n\r\n".encode() + file["buffer"] + f"\r\n--{edge}--\r\n".encode()
    made = ask("POST", ASSETS, body, Content_Type=f"multipart/form-data; boundary={edge}")
    assert made.status == 201, made.text
    url = made.json["url"]
    eventually(lambda: ask("GET", url).json["status"] == "ready", RENDERED / 1000, pause=0.5)
    eventually(lambda: is_idle(place), RENDERED / 1000, pause=0.5)
    return ask("GET", url).json


def test_a_program_makes_changes_and_finds_things(place: Place, ask: Callable[..., Answer]) -> None:
    name = f"programmed-{uuid4().hex[:8]}"
    asset = upload(place, ask, name)
    draft = {"title": name, "price": "12.50", "currency": "EUR", "pictures": [asset["id"]]}
    first, again = (ask("POST", ITEMS, draft, Idempotency_Key=name) for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    url, version = first.json["url"], f'"{first.json["version"]}"'

    changed = ask("PUT", url, draft | {"title": f"{name} red"}, If_Match=version)
    assert changed.status == 200, changed.text
    refused = ask("PUT", url, draft | {"title": f"{name} green"}, If_Match=version, Accept_Language="es")
    assert (refused.status, refused.json["code"]) == (412, "catalog.precondition_failed")
    assert refused.headers["Content-Type"].startswith("application/problem+json")

    as_xml = ask("GET", url, Accept=XML)
    assert as_xml.headers["Content-Type"].startswith(XML)
    same = ask("PUT", url, re.sub("red", "blue", as_xml.text).encode(), Content_Type=XML, Accept=XML)
    assert same.status == 200, same.text
    assert f"<title>{name} blue</title>" in same.text
    assert ask("GET", url).json["price"] == "12.50"
    assert len(ask("GET", url).json["pictures"]) == 1

    assert ask("POST", f"{url}publish/").status == 200
    found = ask("GET", f"/api/v1/catalog/search/?q={name}&limit=1")
    assert [item["title"] for item in found.json["items"]] == [f"{name} blue"]
    listed = ask("GET", f"{ITEMS}?limit=1&order=newest")
    assert re.fullmatch(r'"default";r=\d+;t=\d+', listed.headers["RateLimit"])
    following = re.search(r'<([^>]+)>; rel="next"', listed.headers["Link"])
    assert following
    assert ask("GET", following[1]).json["items"][0] != listed.json["items"][0]

    assert ask("DELETE", url).status == 204
    assert ask("GET", url).status == 404
