"""FUNCTION_… in the environment: what can't work is told at the start, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from monolith.functions import read
from tests.servers import ROOT

STRONG = "x" * 32
RENDITIONS = "FUNCTION_MEDIA_RENDITIONS_URL"


def reading(**variables: str) -> Any:
    env = environ.FileAwareEnv()
    env.ENVIRON = environ.fileaware_mapping.FileAwareMapping(env=variables)
    return read(env, ROOT / "functions")


def test_nothing_set_is_everything_here() -> None:
    assert reading() == ({}, ())


def test_a_function_elsewhere_and_two_keys() -> None:
    urls, keys = reading(
        FUNCTION_MEDIA_RENDITIONS_URL="https://r.example.com/x", FUNCTION_KEY=f"{STRONG}, {'y' * 40}"
    )
    assert urls == {"media_renditions": "https://r.example.com/x"}
    assert keys == (STRONG, "y" * 40)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{STRONG}\n")
    assert reading(FUNCTION_KEY_FILE=str(file))[1] == (STRONG,)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080/",
        "http://10.1.2.3/",
        "http://renditions:8080/",
        "http://renditions.shop.svc.cluster.local/",
        "http://renditions.shop.svc/",
        "https://anywhere.example.com/",
    ],
)
def test_within_the_cluster_http_will_do(url: str) -> None:
    assert reading(**{RENDITIONS: url, "FUNCTION_KEY": STRONG})[0] == {"media_renditions": url}


@pytest.mark.parametrize(
    "url", ["http://renditions.example.com/", "http://8.8.8.8/", "http://svc.example.com/"]
)
def test_out_of_it_only_https(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="Use https://"):
        reading(**{RENDITIONS: url, "FUNCTION_KEY": STRONG})


@pytest.mark.parametrize(
    "url", ["renditions", "ftp://x/", "https://", "https://x:99999/", "https://x:0/", "https://["]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{RENDITIONS} must be like https://"):
        reading(**{RENDITIONS: url, "FUNCTION_KEY": STRONG})


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ImproperlyConfigured, match="Leave it out") as refused:
        reading(**{RENDITIONS: "https://u:hunter2@x/", "FUNCTION_KEY": STRONG})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("variable", ["FUNCTION_FOO_URL", "FUNCTION_RUNTIME_URL", "FUNCTION_FOO_URL_FILE"])
def test_a_function_nobody_wrote_is_refused(variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{variable} names no function .*{RENDITIONS}"):
        reading(**{variable: "https://x/", "FUNCTION_KEY": STRONG})


@pytest.mark.parametrize("key", ["", " , "])
def test_without_a_key_nothing_is_sent_anywhere(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="FUNCTION_KEY is not, which signs"):
        reading(**{RENDITIONS: "https://x/", "FUNCTION_KEY": key})


@pytest.mark.parametrize("key", ["short", f"{STRONG},short", "whsec_not!base64" + "x" * 40])
def test_a_weak_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="fewer than 32 characters") as refused:
        reading(FUNCTION_KEY=key)
    assert key not in str(refused.value)
