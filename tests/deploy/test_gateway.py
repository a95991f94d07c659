"""The gateway: a real nginx with the configuration of `manage.py gateway`, before services that tell what they got."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.media.uploads import FILES_AT_ONCE
from monolith.gateway import templates
from monolith.prefixes import PREFIXES, SHARED
from tests.deploy.upstreams import Upstream, hang_up, not_found, upstream
from tests.servers import ROOT, Site, free_port
from tests.test_prefixes import ADDRESSES
from tests.topologies import gateway

pytestmark = pytest.mark.slow

needs_nginx = pytest.mark.skipif(
    not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"),
    reason="nginx is missing: apt-get install nginx-light",
)
HERE, THERE = "127.0.0.1", "127.0.0.2"
MANY = 300


def ask(
    port: int,
    path: str = "/",
    method: str = "GET",
    body: bytes | None = None,
    *,
    source: str = HERE,
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def status(port: int, *arguments: str, **options: str) -> int:
    return ask(port, *arguments, **options)[0].status


@pytest.mark.parametrize("name", templates())
def test_the_files_are_as_the_table_makes_them(name: str) -> None:
    kept = (ROOT / "deploy" / "nginx" / name).read_text()
    assert kept == templates()[name], "run manage.py gateway --write deploy/nginx"


def test_the_files_let_through_what_one_form_may_bring() -> None:
    """`${MEDIA_MAX_UPLOAD_MB}0m` is ten times as much, which is how many files a form may bring."""
    assert FILES_AT_ONCE == 10
    assert "client_max_body_size ${MEDIA_MAX_UPLOAD_MB}0m;" in templates()["http.conf.template"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--auth=auth"], "'auth' must be host:port"),
        (["--auth=a:1;include /etc/passwd"], "must be host:port"),
        (["--auth=,"], "must be host:port"),
        (["--listen=here"], "must be a port"),
        (["--requests=0"], "must be a whole number above 0"),
        (["--certificate=x y", "--key=z"], "must be the name of a file"),
        (["--certificate=x"], "HTTPS needs both"),
        (["--cache=/a b"], "must be the name of a file"),
        (["--cache=/a", "--cache-size=much"], "must be a number and m or g"),
        (["--redirect=80"], "needs --certificate and --key"),
        (["--write=/nonexistent"], "can't be written (No such file or directory)"),
    ],
)
def test_what_can_not_be_used_gets_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        call_command("gateway", *arguments)
    assert sentence in str(raised.value)


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, Upstream]]:
    with ExitStack() as stack:
        yield {context: stack.enter_context(upstream(context)) for context in PREFIXES}


@pytest.fixture(scope="module")
def port(services: dict[str, Upstream]) -> Iterator[int]:
    number = free_port()
    with gateway({name: one.address for name, one in services.items()}, port=number):
        yield number


@needs_nginx
def test_each_address_of_the_site_reaches_the_service_that_answers_it(port: int) -> None:
    for owner, address in ADDRESSES:
        body = ask(port, f"{address}?page=2")[1].decode()
        assert body == owner if owner else body in PREFIXES, address


@needs_nginx
def test_what_is_nobodys_goes_to_the_front(port: int) -> None:
    assert {ask(port, path)[1] for path in ("/nothing", "/picturesque", "/ACCOUNTS/")} == {b"catalog"}
    assert ask(port, "/pictures")[0].headers["Location"] == "/pictures/"


@needs_nginx
def test_what_is_everybodys_is_spread(port: int) -> None:
    assert {ask(port, path)[1].decode() for path in SHARED for _ in range(3)} == set(PREFIXES)


@needs_nginx
def test_a_service_hears_who_asked_and_for_what(port: int, services: dict[str, Upstream]) -> None:
    ask(
        port,
        "/items/a%20b?q=%2F",
        Host="shop.example:8443",
        X_Forwarded_For="9.9.9.9",
        X_Forwarded_Proto="https",
    )
    seen = services["catalog"].seen[-1]
    assert seen.path == "/items/a%20b?q=%2F"
    assert seen.headers["Host"] == "shop.example:8443"
    assert seen.headers["X-Forwarded-For"] == "9.9.9.9, 127.0.0.1"  # TRUSTED_PROXIES=1 believes the last only
    assert seen.headers["X-Forwarded-Proto"] == "http"
    assert len(seen.headers["X-Request-ID"]) == 32


@needs_nginx
@pytest.mark.parametrize(
    ("sent", "kept"), [("abc-1", True), ("x" * 65, False), ("a b", False), ("a{b}", False)]
)
def test_a_request_keeps_an_id_that_is_sane(
    port: int, services: dict[str, Upstream], sent: str, kept: bool
) -> None:
    ask(port, "/menu", X_Request_ID=sent)
    assert (services["catalog"].seen[-1].headers["X-Request-ID"] == sent) is kept


@needs_nginx
def test_connections_to_services_are_used_again(port: int, services: dict[str, Upstream]) -> None:
    before = services["media"].connections
    for _ in range(20):
        ask(port, "/pictures/")
    assert services["media"].connections - before <= 2


@needs_nginx
@pytest.mark.parametrize(
    ("path", "megabytes", "expected"),
    [
        ("/editor/", 2, 200),
        ("/editor/", 4, 413),
        ("/api/v1/catalog/items/", 4, 413),
        ("/pictures/upload", 251, 200),  # ten pictures of 25 million bytes, and the form around them
        ("/pictures/upload", 300, 413),
        ("/api/v1/media/assets", 300, 413),
    ],
)
def test_a_body_may_be_as_large_as_its_address_takes(
    path: str, port: int, megabytes: int, expected: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(megabytes * 10**6))
    connection.endheaders()
    if expected == 200:
        for _ in range(megabytes):
            connection.send(bytes(10**6))
    response = connection.getresponse()  # too much is refused before it is sent
    assert response.status == expected
    if expected == 413:
        said = response.read().decode()
        assert "Send fewer or smaller pictures." in said
        assert "Envía menos imágenes" in said
        assert response.headers["Content-Type"] == (
            "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
        )
        assert "'none'" in response.headers["Content-Security-Policy"]
    connection.close()


@needs_nginx
def test_a_service_that_is_away_takes_only_its_own_pages_along(services: dict[str, Upstream]) -> None:
    number, nobody = free_port(), f"127.0.0.1:{free_port()}"
    addresses = {name: one.address for name, one in services.items()} | {"media": nobody}
    with gateway(addresses, port=number):
        page, said = ask(number, "/pictures/")
        assert (page.status, page.headers["Retry-After"]) == (503, "30")
        assert page.headers["Cache-Control"] == "no-store"
        assert "<h1>We will be right back</h1>" in said.decode()
        assert "<h1>Volvemos enseguida</h1>" in said.decode()

        problem, said = ask(number, "/api/v1/media/assets")
        assert problem.status == 503
        assert "not answering" in json.loads(said)["detail"]

        assert ask(number, "/")[1] == b"catalog"
        assert {status(number, "/static/x.css") for _ in range(6)} == {200}  # the others have it too


@needs_nginx
@pytest.mark.parametrize(
    ("method", "times"), [("GET", 2), ("HEAD", 2), ("POST", 1), ("PATCH", 1), ("PUT", 1), ("DELETE", 1)]
)
def test_only_what_may_be_asked_twice_is_asked_of_another_server(method: str, times: int) -> None:
    number = free_port()
    with upstream("dies", hang_up) as one, upstream("dies too", hang_up) as other:
        both = f"{one.address},{other.address}"
        with gateway(dict.fromkeys(PREFIXES, both), port=number):
            assert status(number, "/items/x", method, b"{}" if method[0] == "P" else None) == 503
            assert len(one.seen + other.seen) == times


@needs_nginx
def test_a_server_that_is_gone_is_left_out_for_whatever_is_sent() -> None:
    """Nothing was sent to it yet, so a form may go to the other."""
    number = free_port()
    with upstream("stays") as one:
        both = f"127.0.0.1:{free_port()},{one.address}"
        with gateway(dict.fromkeys(PREFIXES, both), port=number):
            assert {ask(number, "/editor/", "POST", b"x")[1] for _ in range(4)} == {b"stays"}


@needs_nginx
def test_a_static_file_of_another_version_is_found_where_it_is() -> None:
    number = free_port()
    with upstream("old", not_found) as old, upstream("new") as new:
        addresses = {"auth": old.address, "media": old.address, "catalog": new.address}
        with gateway(addresses, port=number):
            assert {ask(number, "/static/new.css")[1] for _ in range(4)} == {b"new"}
            assert status(number, "/accounts/nothing") == 404  # a page that isn't there is nobody else's


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    pair = folder / "certificate.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-subj", "/CN=localhost", "-days", "2", "-out", str(pair[0]), "-keyout", str(pair[1])]
    subprocess.run(make, check=True, capture_output=True)
    return pair


@needs_nginx
def test_with_a_certificate_it_speaks_http_2_and_sends_plain_http_there(
    services: dict[str, Upstream], certificate: tuple[Path, Path]
) -> None:
    number, plain = free_port(), free_port()
    options = [f"--certificate={certificate[0]}", f"--key={certificate[1]}", f"--redirect=127.0.0.1:{plain}"]
    with gateway({name: one.address for name, one in services.items()}, *options, port=number):
        curl = ["curl", "-sS", "--http2", "--cacert", str(certificate[0]), "-w", "|%{http_version}"]
        said = subprocess.run(
            [*curl, f"https://localhost:{number}/items/x"], check=True, capture_output=True, text=True
        )
        assert said.stdout == "catalog|2"
        assert services["catalog"].seen[-1].headers["X-Forwarded-Proto"] == "https"

        sent_on = ask(plain, "/items/x?y=1", Host="shop.example")[0]
        assert (sent_on.status, sent_on.headers["Location"]) == (308, "https://shop.example/items/x?y=1")


@needs_nginx
def test_one_address_that_asks_too_much_is_told_so_and_no_other(services: dict[str, Upstream]) -> None:
    number = free_port()
    with gateway({name: one.address for name, one in services.items()}, port=number, requests=1):
        answers = [ask(number, "/items/x", source=THERE) for _ in range(15)]
        refused = [(response, body) for response, body in answers if response.status == 429]
        assert 2 <= len(refused) <= 5  # ten at once, and one each second
        assert refused[0][0].headers["Retry-After"] == "5"
        assert "Espera un momento" in refused[0][1].decode()
        assert status(number, "/items/x") == 200


def slow(port: int, text: bytes) -> list[socket.socket]:
    """MANY connections from THERE that send the beginning of a request and then nothing."""
    connections = []
    for _ in range(MANY):
        connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(THERE, 0))
        connection.sendall(text)
        connections.append(connection)
    return connections


@needs_nginx
@pytest.mark.slow
@pytest.mark.parametrize(
    "beginning",
    [
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nlogin=",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    ],
    ids=["half a form", "half a header"],
)
def test_slow_connections_of_one_address_stop_nobody_else(site: Site, beginning: bytes) -> None:
    number, address = free_port(), site.url.removeprefix("http://")
    with gateway(dict.fromkeys(PREFIXES, address), port=number, connections=50):
        flood = slow(number, beginning)
        try:
            began = time.monotonic()
            assert {status(number, "/search", Host="localhost") for _ in range(10)} == {200}
            assert time.monotonic() - began < 10
            if b"POST" in beginning:
                assert status(number, "/", source=THERE) == 429
        finally:
            for connection in flood:
                connection.close()


@needs_nginx
@pytest.mark.slow
def test_pages_are_compressed_and_what_already_is_stays_as_it_is(site: Site) -> None:
    number, address = free_port(), site.url.removeprefix("http://")
    with gateway(dict.fromkeys(PREFIXES, address), port=number):
        page, body = ask(number, "/search", Accept_Encoding="gzip")
        assert page.headers["Content-Encoding"] == "gzip"
        text = gzip.decompress(body).decode()
        stylesheet = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert ask(number, stylesheet, Accept_Encoding="br, gzip")[0].headers["Content-Encoding"] == "br"
        assert os.path.splitext(stylesheet)[1] == ".css"
