"""Another app sends somebody here to sign in, and learns who they are."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import StorageState, expect

from tests.journeys.axe import violations
from tests.journeys.conftest import MEMBER, Window
from tests.journeys.place import Place

pytestmark = pytest.mark.browser


class Page(BaseHTTPRequestHandler):
    """Where the other app takes people back."""

    def do_GET(self) -> None:
        body = b"<!DOCTYPE html><title>The blog</title><h1>Back at the blog</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def other_app() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/signed-in"
        server.shutdown()


def fetch(address: str, form: dict[str, str] | None = None, **headers: str) -> dict[str, str]:
    request = urllib.request.Request(address, urlencode(form).encode() if form else None, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_another_app_signs_somebody_in(window: Window, place: Place, signed_in: StorageState) -> None:
    verifier, state = secrets.token_urlsafe(48), secrets.token_hex(8)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    with other_app() as back:
        told = place.probe.manage("auth", "openid_client", "The blog", "--redirect", back)
        client = dict(line.split(maxsplit=1) for line in told.splitlines()[:3])
        found = fetch(f"{place.url}/.well-known/openid-configuration")
        assert found["issuer"] == client["issuer"] == place.url
        asked = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        visitor = window(signed_in=signed_in(MEMBER), phone=True)
        visitor.page.goto(f"{found['authorization_endpoint']}?{urlencode(asked)}")
        expect(visitor.page.get_by_role("heading", name="Sign in to The blog")).to_be_visible()
        assert violations(visitor.page) == []
        assert not visitor.scrolls_sideways()
        visitor.page.get_by_role("button", name="Allow").click()
        expect(visitor.page.get_by_role("heading", name="Back at the blog")).to_be_visible()
        sent = parse_qs(urlsplit(visitor.page.url).query)
        assert sent["state"] == [state]
        form = {"grant_type": "authorization_code", "code": sent["code"][0], "redirect_uri": back}
        form |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        tokens = fetch(found["token_endpoint"], form | {"code_verifier": verifier})
        who = fetch(found["userinfo_endpoint"], Authorization=f"Bearer {tokens['access_token']}")
        assert who["email"] == MEMBER

        visitor.go("/accounts/apps/")
        assert violations(visitor.page) == []
        visitor.page.get_by_role("button", name=re.compile("Take that back")).click()
        expect(visitor.main().get_by_text("None so far.")).to_be_visible()
