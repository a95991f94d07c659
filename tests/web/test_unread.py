"""A request that was answered before it was read leaves its connection fit for the next one."""

from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.servers import Site

pytestmark = pytest.mark.slow

REFUSED = "/api/v1/media/assets"  # nobody is signed in


@pytest.mark.parametrize("size", [100, 300_000, 5_000_000])
def test_the_next_request_on_the_same_connection_is_answered(site: Site, size: int) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="n.png"\r\n\r\n'
        + size * b"x"
        + b"\r\n--b--\r\n"
    )
    with closing(http.client.HTTPConnection("127.0.0.1", urlsplit(site.url).port, timeout=60)) as connection:
        for _time in range(2):
            connection.request("POST", REFUSED, form, {"Content-Type": "multipart/form-data; boundary=b"})
            answer = connection.getresponse()
            assert (answer.status, answer.will_close) == (401, False)
            answer.read()
            connection.auto_open = 0  # a new connection would not show that the old one is gone
