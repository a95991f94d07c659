"""Tokens between real processes: the site issues them, another process verifies them, and the guide does as it says."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.people import PASSWORD

pytestmark = pytest.mark.slow

CSRF = "a" * 32
PATIENCE = 30
EMAIL = "tess@example.com"
# As signing in would leave her.
MAKE = f"""
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from apps.auth.models import User
from apps.auth.sessions import SessionStore
User.objects.filter(email="{EMAIL}").delete()
person = User.objects.create_user("{EMAIL}", "{PASSWORD}", name="Tess", role="editor", confirmed=True)
store = SessionStore()
store[SESSION_KEY], store[HASH_SESSION_KEY] = str(person.id), person.epoch
store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
store.save()
print("KEY" + store.session_key)
"""


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


@pytest.fixture(scope="module")
def port(site: servers.Site) -> int:
    port = site.servers["web"].port
    assert port
    return port


@pytest.fixture(scope="module")
def session(site: servers.Site) -> str:
    return site.manage("shell", "-v0", "-c", MAKE).stdout.partition("KEY")[2].strip()


def token(port: int, session: str) -> str:
    headers = {"Cookie": f"session={session}; csrf={CSRF}", "X-CSRFToken": CSRF, "Host": f"localhost:{port}"}
    status, body = ask(port, "/accounts/token", "POST", **headers)
    assert status == 200, body
    return str(body["access_token"])


@pytest.fixture(scope="module")
def verifier(site: servers.Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    folder = tmp_path_factory.mktemp("verifier")
    own = servers.free_port()
    unwanted = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "DATA_DIR"}
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    command = [sys.executable, "-W", "error", "-m", "tests.auth.verifier"]
    command += [str(own), f"{site.url}/.well-known/jwks.json", site.url]
    with servers.Server(command, own, folder / "log", env).running() as server:
        yield server


def verified(verifier: servers.Server, text: str) -> tuple[int, dict]:
    assert verifier.port
    return ask(verifier.port, "/whoami", Authorization=f"Bearer {text}")


def test_a_process_that_knows_only_the_public_keys_knows_who_is_calling(
    port: int, session: str, verifier: servers.Server
) -> None:
    good = token(port, session)
    assert verified(verifier, good) == (200, {"name": "Tess", "role": "editor"})
    status, body = verified(verifier, f"{good[:-6]}AAAAAA")
    assert (status, body["code"]) == (401, "auth.invalid_token")
    assert ask(verifier.port or 0, "/whoami", Cookie=f"session={session}")[0] in (401, 503)


def test_it_has_nothing_of_how_auth_keeps_its_people(verifier: servers.Server) -> None:
    _status, body = ask(verifier.port or 0, "/loaded")
    allowed = {"", ".auth", ".auth.client", ".auth.bearer", ".auth.contract", ".auth.keys", ".auth.known"}
    assert set(body["modules"]) == {f"apps{name}" for name in allowed}
    assert body["databases"] == ["django.db.backends.dummy"]


def test_keys_change_and_are_revoked_under_it(
    site: servers.Site, port: int, session: str, verifier: servers.Server
) -> None:
    before = token(port, session)
    assert verified(verifier, before)[0] == 200
    site.manage("rotate_signing_keys")
    assert verified(verifier, token(port, session))[0] == verified(verifier, before)[0] == 200
    assert of_the_site(port, before) == 200, "its processes know the key"
    site.manage("rotate_signing_keys", "--now")
    until = time.monotonic() + PATIENCE
    while verified(verifier, before)[0] != 401 or of_the_site(port, before) != 401:
        assert time.monotonic() < until, "a revoked key is still believed"
        time.sleep(0.1)
    time.sleep(1.1)  # it may just have asked for keys
    after = token(port, session)
    assert verified(verifier, after)[0] == of_the_site(port, after) == 200


def of_the_site(port: int, text: str) -> int:
    """The worst answer of several: there are two processes."""
    headers = {"Authorization": f"Bearer {text}"}
    found = [ask(port, "/api/v1/media/assets", **headers)[0] for _ in range(6)]
    return min(found) if 401 not in found else (401 if set(found) == {401} else 0)


def test_of_two_real_headers_none_counts(port: int, session: str) -> None:
    """As a server joins them: whichever were chosen, somebody in between might choose the other."""
    good = token(port, session)
    for headers in (
        [f"Bearer {good}", f"Bearer {good}"],
        ["Basic YTpi", f"Bearer {good}"],
        [f"Bearer {good}", "Basic YTpi"],
    ):
        lines = ["GET /accounts/ HTTP/1.1", f"Host: localhost:{port}", "Connection: close"]
        lines += [f"Authorization: {value}" for value in headers] + [f"Cookie: session={session}", "", ""]
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall("\r\n".join(lines).encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400")), answer[:200]


def test_nothing_a_process_prints_holds_a_token(
    site: servers.Site, port: int, session: str, verifier: servers.Server
) -> None:
    good = token(port, session)
    bad = f"{good[:-6]}AAAAAA"
    for text in (good, bad):
        for path in ("/accounts/token", "/api/v1/media/assets", f"/no-such-page-{time.monotonic_ns()}"):
            ask_raw(port, path, text)
        verified(verifier, text)
    printed = site.output() + verifier.output()
    assert "GET /whoami" in printed, "it prints what it is asked"
    _header, body, signature = good.split(".")
    assert not [piece for piece in (body, signature, signature[:-6]) if piece in printed]


def ask_raw(port: int, path: str, text: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, headers={"Authorization": f"Bearer {text}"})
    connection.getresponse().read()
    connection.close()


def test_the_guide_does_what_it_says(site: servers.Site, session: str, tmp_path: Path) -> None:
    """Its commands, one after another, as somebody would paste them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (servers.ROOT / "docs" / "tokens.md").read_text(), re.M | re.S)
    assert len(blocks) == 6
    script = "\n".join(blocks).replace("python manage.py", f"python {servers.ROOT}/manage.py")
    env = site.env | {"SITE": site.url, "EMAIL": EMAIL, "PASSWORD": PASSWORD}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pictures, refused, name, rotated, *_keys = done.stdout.replace("}401", "}\n401").splitlines()
    assert json.loads(pictures)["next"] is None
    assert (refused, name) == ("401", "Tess")
    assert "signs from" in rotated
    assert "signs from now on." in done.stdout
    assert json.loads((tmp_path / "refused.json").read_text())["code"] == "auth.invalid_token"
    assert json.loads((tmp_path / "token.json").read_text())["expires_in"] == 300
