"""The image, built from the working tree and used the way its users do: locked down, stopped, started again."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
import time
import urllib.parse
import urllib.request

import pytest

from tests.container.image import Container, Ended, container, podman

pytestmark = pytest.mark.container


def get(url: str, **headers: str) -> tuple[http.client.HTTPMessage, bytes]:
    request = urllib.request.Request(
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers, answer.read()


def wait_for(condition, seconds: float, what: str):
    until = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < until, f"{what} did not happen within {seconds} s"
        time.sleep(0.5)
    return result


def test_it_says_what_it_is(built_image):
    config = json.loads(podman("image", "inspect", built_image).stdout)[0]

    assert config["Config"]["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert config["Config"]["User"] == "10001:0"
    assert {"BIND_ADDRESS=0.0.0.0", "PORT=8000", "DATA_DIR=/data"} <= set(config["Config"]["Env"])
    assert config["Config"]["Volumes"] == {"/data": {}}
    assert config["Healthcheck"]["Test"] == ["CMD", "bin/healthy"]


def test_a_locked_down_container_is_a_whole_site(volume):
    with container(volume) as site:
        page = get(site.url)[1].decode()
        assert "<html" in page
        assert '<html lang="es"' in get(site.url, Accept_Language="es")[1].decode()

        css = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
        assert css, "no hashed stylesheet in the page"
        headers, _ = get(site.url + css[1], Accept_Encoding="br")
        assert headers["Content-Encoding"] == "br"
        assert "immutable" in headers["Cache-Control"]

        assert json.loads(get(f"{site.url}/readyz")[1])["cache"] == "ok"
        assert any("redis-server" in command for command in site.processes().values())
        assert podman("healthcheck", "run", site.name).returncode == 0
        assert site.run("id", "-u").stdout.strip() == str(site.uid)
        assert site.run("touch", "/app/anything", check=False).returncode


def test_an_empty_site_fills_itself_with_the_demo_shop(volume):
    with container(volume) as site:
        item = wait_for(
            lambda: re.search(r'href="(/items/[^"]+)"', get(site.url)[1].decode()), 120, "a first item"
        )
        assert "<h1" in get(site.url + item[1])[1].decode()
        assert "editor@example.com" in site.output()


def test_sigterm_lets_a_request_in_flight_finish(volume):
    with container(volume, DEMO_DATA="false") as site:
        connection, body = half_a_sign_in(site)
        stopping = threading.Thread(target=podman, args=("stop", "--time", "40", site.name))
        stopping.start()
        wait_for(lambda: "Handling signal: term" in site.output(), 20, "the SIGTERM")
        time.sleep(2)

        connection.send(body)
        with contextlib.closing(connection):
            answer = connection.getresponse()
            assert answer.status == 200, "the request that was in flight must be answered by the application"
            assert b"nobody@example.com" in answer.read()
        stopping.join(60)
        assert site.state()["ExitCode"] == 143
        assert "Shutting down: Master" in site.output()
        assert "Traceback" not in site.output()
        assert site.output().rstrip().endswith("redis stopped (rc=0)"), (
            "the others need it until they have ended"
        )


def half_a_sign_in(site: Container) -> tuple[http.client.HTTPConnection, bytes]:
    """A sign-in whose head has arrived and whose body has not: it holds a thread. With the body still to send."""
    headers, page = get(f"{site.url}/accounts/login/")
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1].decode()
    cookie = headers["Set-Cookie"].split(";")[0]
    fields = {"csrfmiddlewaretoken": token, "login": "nobody@example.com", "password": "not the password"}
    body = urllib.parse.urlencode(fields).encode()
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.putrequest("POST", "/accounts/login/", skip_host=True)
    head = {
        "Host": f"localhost:{site.port}",
        "Cookie": cookie,
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
    }
    for name, value in head.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body[:10])
    time.sleep(1)
    return connection, body[10:]


def test_data_outlives_the_container_even_under_another_user_id(volume):
    mark = "from apps.auth.models import User; "
    with container(volume, DEMO_DATA="false") as first:
        first.run(
            "python", "manage.py", "shell", "-c", mark + "User.objects.create(email='alice@example.com')"
        )
        secret = first.run("cat", "/data/secret_key").stdout
        podman("stop", "--time", "40", first.name)
    with container(volume, DEMO_DATA="false") as second:
        assert second.uid != first.uid
        assert second.run("cat", "/data/secret_key").stdout == secret
        found = second.run("python", "manage.py", "shell", "-c", mark + "print(User.objects.get().email)")
        assert "alice@example.com" in found.stdout
        second.run("python", "manage.py", "shell", "-c", mark + "User.objects.update(email='a@example.com')")


def test_when_one_process_dies_the_container_ends(volume):
    with container(volume, DEMO_DATA="false") as site:
        relay = next(pid for pid, command in site.processes().items() if "manage.py relay" in command)
        site.run("python", "-c", f"import os; os.kill({relay}, 9)")
        wait_for(lambda: not site.state()["Running"], 40, "the end of the container")
        assert site.state()["ExitCode"] != 0


def test_it_explains_a_setting_it_can_not_use(volume):
    site = Container(volume, {"DATABASE_URL": "postgres://somewhere/else"})
    try:
        with pytest.raises(Ended, match="must be mysql://"):
            site.start()
    finally:
        site.remove()


def test_redis_from_outside_is_used_and_no_demo_is_made_where_none_is_wanted(volume):
    with container(volume, DEMO_DATA="false", REDIS_URL="redis://127.0.0.1:1/0") as site:
        assert json.loads(get(f"{site.url}/readyz")[1])["cache"] == "unreachable"
        wait_for(lambda: "The site is up" in site.output(), 60, "the welcome")
        time.sleep(3)
        assert "redis started" not in site.output()
        assert "example.com" not in site.output()
