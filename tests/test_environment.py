"""What somebody may get wrong in the environment or in .env: told at the start, in a sentence, and never skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from monolith.environment import Environment, Files
from tests.servers import ROOT

SECRET = "hidden-a1b2c3d4e5f6g7h8i9j0k1l2m3"


def reading(**variables: str) -> Environment:
    env = Environment()
    env.ENVIRON = Files(env=variables)
    return env


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`reads(text)`: what a .env of that text sets."""

    def read(text: str | bytes) -> dict[str, str]:
        (tmp_path / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
        said: dict[str, str] = {}
        monkeypatch.setattr(Environment, "ENVIRON", Files(env=said))
        Environment().read_file(tmp_path / ".env", is_needed=True)
        return said

    return read


def test_what_is_usual_in_such_a_file_is_understood(reads) -> None:
    text = '# A shop\n\n  # of prints\nPORT=9000\nexport A=\'it is\'\nB="a \\"b\\""\r\nC=\nD=a=b # c\n'
    assert reads(text) == {"PORT": "9000", "A": "it is", "B": 'a "b"', "C": "", "D": "a=b # c"}
    assert reads(b"\xef\xbb\xbfPORT=9000\n") == {"PORT": "9000"}, "as Windows' editor writes it"


@pytest.mark.parametrize(
    "line",
    [
        f"SECRET_KEY = {SECRET}",
        f"SECRET_KEY ={SECRET}",
        f" SECRET_KEY={SECRET}",
        f"SECRET_KEY: {SECRET}",
        f'SECRET_KEY="{SECRET}',
        f"SECRET_KEY='{SECRET}' # mine",
        SECRET,
    ],
)
def test_a_line_that_is_none_is_told_by_its_number_and_not_by_what_is_in_it(reads, line: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"^Line 2 of .*\.env can't be read. A line is NAME=value"
    ) as error:
        reads(f"PORT=1\n{line}\n")
    assert SECRET not in str(error.value)


def test_a_file_that_can_not_be_read_is_told(reads, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="it is not UTF-8"):
        reads("SITE_NAME=Peña".encode("latin-1"))
    with pytest.raises(ImproperlyConfigured, match="No such file"):
        Environment().read_file(tmp_path / "other.env", is_needed=True)
    Environment().read_file(tmp_path / "other.env", is_needed=False)


def test_a_value_from_a_file_has_no_end_of_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    assert reading(SECRET_KEY_FILE=str(tmp_path / "key")).str("SECRET_KEY") == SECRET


def test_a_file_of_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"DATABASE_URL_FILE='/run/none' can't be read \(No such file"
    ):
        reading(DATABASE_URL_FILE="/run/none").str("DATABASE_URL", default="")


@pytest.mark.parametrize("secret", [f"${SECRET}", f"\\${SECRET}", "$"])
def test_a_secret_may_begin_with_any_sign(secret: str) -> None:
    """Skipped, it would be another in every container."""
    assert reading(SECRET_KEY=secret).str("SECRET_KEY", default="") == secret


@pytest.mark.parametrize(
    ("said", "meant"), [("true", True), ("1", True), ("Yes ", True), ("off", False), ("0", False), ("", True)]
)
def test_yes_and_no(said: str, meant: bool) -> None:
    assert reading(DEMO_DATA=said).flag("DEMO_DATA", default=True) is meant


def test_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DEMO_DATA='ture' must be true or false"):
        reading(DEMO_DATA="ture").flag("DEMO_DATA", default=True)


def said_by(settings: dict[str, str], tmp_path: Path, what: str) -> str:
    """What a process says that reads `settings` and prints `what` of them."""
    env = os.environ | {"ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET} | settings
    program = (
        "from django.core.exceptions import ImproperlyConfigured as Wrong\ntry:\n  from monolith.settings import *\n"
        f"  print({what})\nexcept Wrong as error:\n  print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SITE_URL", "shop.example", "SITE_URL='shop.example' must be a scheme and a host"),
        ("SITE_URL", "ftp://shop.example", "must be a scheme and a host"),
        ("SITE_URL", "https://shop.example/shop", "and no path"),
        ("SITE_URL", "https://shop.example # ours", "must be a scheme and a host"),
        ("SITE_URL", "http://shop.example:port", "must be a scheme and a host"),
        ("TRANSFER_URL", "media", "TRANSFER_URL='media' must be"),
        ("ALLOWED_HOSTS", "https://shop.example", "ALLOWED_HOSTS holds 'https://shop.example'"),
        ("ALLOWED_HOSTS", "shop.example:8000", "without scheme, port or path"),
        ("EMAIL_URL", "mail.example", "EMAIL_URL can't be read"),
        ("EMAIL_URL", f"smtp+tls://me:#{SECRET}@mail.example:587", "%23 for"),
        ("EMAIL_URL", "smtp+tls://:587", "EMAIL_URL can't be read"),
    ],
)
def test_an_address_that_is_none_gets_a_sentence(name: str, value: str, said: str, tmp_path: Path) -> None:
    answer = said_by({name: value}, tmp_path, "'started'")
    assert said in answer
    assert SECRET not in answer


@pytest.mark.slow
def test_the_host_people_type_is_answered_to_without_saying_so_twice(tmp_path: Path) -> None:
    hosts = "*ALLOWED_HOSTS, sep=','"
    assert said_by({"SITE_URL": "https://shop.example:8443/"}, tmp_path, hosts).startswith(
        "shop.example,localhost,"
    )
    assert said_by({"SITE_URL": "http://[::1]:8000"}, tmp_path, hosts).startswith("[::1],localhost,")
    named = {"SITE_URL": "https://shop.example", "ALLOWED_HOSTS": "*, .shop.example"}
    assert said_by(named, tmp_path, hosts) == "*,.shop.example"


@pytest.mark.slow
def test_what_is_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    empty = dict.fromkeys(
        ("SITE_URL", "SITE_NAME", "ALLOWED_HOSTS", "EMAIL_URL", "STATIC_ROOT", "DATA_DIR"), ""
    )
    said = said_by(empty, tmp_path, "SITE_NAME, SITE_URL, STATIC_ROOT.name, DATA_DIR.name, ALLOWED_HOSTS[0]")
    assert said == "Offshoot http://localhost:8000 static data localhost"
