"""Topologies beside each other in one run: a catalogue page, and an upload until its picture can be shown."""

from __future__ import annotations

import io
import json
import re
import time
import urllib.request
from contextlib import ExitStack
from random import Random
from statistics import median
from typing import Any

from bench.load import Target, rates
from bench.pages import cookie_header
from monolith.demo.palettes import PALETTES
from monolith.demo.prints import FAMILIES
from tests.journeys.place import Place
from tests.journeys.topologies import topology

# As many processes answer everywhere, and nobody tells what an answer cost.
ALIKE = {"WEB_WORKERS": "2", "WEB_THREADS": "4", "SERVER_TIMING": "false"}
PAGES_ON = ("embedded", "servers", "split")
UPLOADS_ON = {"embedded": "worker", "servers": "Celery", "functions": "function"}
PAGE = "/browse"
CONNECTIONS = 16
UPLOADS = 8
PATIENCE = 120
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
TOKEN = re.compile(r'csrfmiddlewaretoken" value="(\w+)"')

Row = tuple[str, ...]


def page_rates(rounds: int) -> list[Row]:
    """Requests per second of the catalogue's own process on each topology, and their share of that on `servers`."""
    with ExitStack() as stack:
        places = [stack.enter_context(topology(name, ALIKE)) for name in PAGES_ON]
        rows = []
        for kind in ("held", "afresh", "signed in"):
            targets = [
                Target(place.name, catalog_of(place) + PAGE, cookies(place, kind), kind == "afresh")
                for place in places
            ]
            found = rates(targets, connections=CONNECTIONS, rounds=rounds)
            shares = (f"{rate:.0f} ({rate / found['servers']:.2f})" for rate in found.values())
            rows.append((kind, *shares))
    return rows


def catalog_of(place: Place) -> str:
    url: str = place.probe.machines["catalog"].url  # type: ignore[attr-defined]
    return url


def cookies(place: Place, kind: str) -> dict[str, str]:
    if kind == "signed in":
        return {"Cookie": cookie_header({"session": sign_in(place)})}
    return {}


def sign_in(place: Place) -> str:
    """The session of a new member."""
    return place.probe.machines["auth"].python("import bench.inside as inside; inside.sign_in()").strip()


def upload_times() -> list[Row]:
    """Seconds from the answer to an upload until its renditions are ready: the median, and against the worker's."""
    taken = {}
    for name in UPLOADS_ON:
        with topology(name, ALIKE) as place:
            member = Member(place, sign_in(place))
            taken[name] = median(member.upload(number) for number in range(UPLOADS))
    return [
        (UPLOADS_ON[name], f"{seconds:.2f}", f"{seconds / taken['embedded']:.2f}")
        for name, seconds in taken.items()
    ]


class Member:
    """Somebody who sends pictures to a site."""

    def __init__(self, place: Place, session: str) -> None:
        self._url = place.url
        with self._open("/pictures/", {"Cookie": f"session={session}"}) as page:
            token = TOKEN.search(page.read().decode())
            secret = page.headers["Set-Cookie"].partition(";")[0]
        assert token
        self._headers = {"Cookie": f"session={session}; {secret}", "X-CSRFToken": token[1]}

    def upload(self, number: int) -> float:
        """How long the picture was being prepared, in seconds. Raises TimeoutError."""
        headers = self._headers | {"Content-Type": "multipart/form-data; boundary=b"}
        asset = self._json("/api/v1/media/assets", headers, HEAD + drawn(number) + TAIL)
        began = time.monotonic()
        while self._json(asset["url"], self._headers)["status"] != "ready":
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"The picture was not ready after {PATIENCE} s.")
            time.sleep(0.02)
        return time.monotonic() - began

    def _json(self, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        with self._open(path, headers, body) as answer:
            return json.loads(answer.read())

    def _open(self, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        return urllib.request.urlopen(urllib.request.Request(self._url + path, body, headers), timeout=60)


def drawn(number: int) -> bytes:
    """A picture nobody has seen yet, as JPEG of 2,000 by 1,500 pixels."""
    file = io.BytesIO()
    FAMILIES["arches"](Random(f"bench {number}"), (2000, 1500), PALETTES["lagoon"]).save(
        file, "JPEG", quality=92
    )
    return file.getvalue()
