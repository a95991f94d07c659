"""Somebody who uses a running site over HTTP: keeps cookies, fills in forms, signs in. No browser."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Answer:
    """`path` is where redirects led to."""

    status: int
    path: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Caller:
    """Calls the site at `url`; redirects are followed, and a status of 400 or more is no exception."""

    url: str
    language: str = "en"
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, fields: dict[str, str] | None = None, *, token: str = "") -> Answer:
        """A form with the CSRF token of the page at the same path, or with `token`."""
        data = {"csrfmiddlewaretoken": token or self.token(path)} | (fields or {})
        body = urllib.parse.urlencode(data).encode()
        return self._ask(urllib.request.Request(self.url + path, body, {"Referer": self.url + path}))

    def send_file(self, path: str, name: str, content: bytes, *, token: str) -> Answer:
        """A file as an upload by script sends it, in the field `file`."""
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "X-CSRFToken": token,
            "Referer": self.url + path,
        }
        return self._ask(urllib.request.Request(self.url + path, body, headers))

    def token(self, path: str) -> str:
        """The CSRF token of the first form at `path`."""
        page = self.get(path)
        found = TOKEN.search(page.text)
        assert found, f"{path} answered {page.status} and has no form"
        return found[1]

    def sign_in(self, email: str, password: str) -> Answer:
        return self.post("/accounts/login/", {"login": email, "password": password})

    def sign_out(self) -> Answer:
        return self.post("/accounts/logout/")

    def _ask(self, request: urllib.request.Request) -> Answer:
        request.add_header("Accept-Language", self.language)
        try:
            answer = self._opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            path = urllib.parse.urlsplit(answer.url).path
            return Answer(answer.status, path, answer.headers, answer.read())
