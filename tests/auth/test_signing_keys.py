"""Signing keys are made once, known to all before they sign, and stay until the last token they signed has expired."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import jwt
import pytest
from allauth.core.internal import jwkkit
from allauth.idp.oidc.internal.private_keys import filter_keys, pick_signing_key
from cryptography.hazmat.primitives import serialization
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from django.test import Client
from django.utils import timezone

from apps.auth import bearer, keys, signing
from apps.auth.contract import Principal
from apps.auth.models import SigningKey
from tests.people import make_person
from tests.servers import ROOT

MINUTE = timedelta(minutes=1)
SECRETS = ("one secret " * 5, "another secret " * 5)


@pytest.fixture
def clock(monkeypatch):
    """Moves what Django takes for the time; tokens keep to the machine's."""
    began, real = timezone.now(), timezone.now
    moved = SimpleNamespace(by=timedelta())
    monkeypatch.setattr(timezone, "now", lambda: began + moved.by + (real() - began))
    return moved


@pytest.fixture
def nobody_special(db):
    return Principal(id=make_person("x@example.com").id, name="X", email="x@example.com")


def token(person):
    return signing.issue(person, session="0" * 64)


def kid(text):
    return jwt.get_unverified_header(text)["kid"]


def published():
    return [key["kid"] for key in Client().get("/.well-known/jwks.json").json()["keys"]]


def is_good(text):
    """For a process that has just begun."""
    keys.ring.forget()
    try:
        return bool(bearer.verify(text))
    except bearer.Refused:
        return False


@pytest.mark.django_db
def test_the_first_need_makes_the_first_key(nobody_special):
    assert not SigningKey.objects.exists()
    [first] = published()
    assert published() == [first]
    assert kid(token(nobody_special)) == first
    key = SigningKey.objects.get()
    assert (key.number, key.expires_at) == (1, None)
    assert signing.opened(key).key_size == 2048


@pytest.mark.django_db
def test_a_new_key_is_published_before_it_signs_and_the_old_one_until_its_last_token_has_expired(
    nobody_special, clock
):
    before = token(nobody_special)
    old = kid(before)
    key, made = signing.rotate()
    assert made
    assert published() == [key.kid, old]
    clock.by = signing.AHEAD - MINUTE
    assert kid(token(nobody_special)) == old
    clock.by = signing.AHEAD + timedelta(seconds=1)
    assert kid(token(nobody_special)) == key.kid
    clock.by = signing.AHEAD + timedelta(seconds=signing.TOKEN_SECONDS)
    assert old in published()
    assert is_good(before)
    clock.by += MINUTE + timedelta(seconds=1)
    assert published() == [key.kid]
    assert not is_good(before)


def test_whoever_keeps_the_keys_as_long_as_they_may_knows_each_key_before_it_signs():
    assert signing.AHEAD.total_seconds() > signing.PUBLISHED_SECONDS


@pytest.mark.django_db
def test_rotating_again_before_its_turn_changes_nothing(clock):
    first, made = signing.rotate()
    assert (first.number, made) == (1, True), "there was none, so this one signs at once"
    assert first.not_before <= timezone.now()
    assert signing.rotate()[1]
    before = list(SigningKey.objects.values())
    for minutes in (0, 5, 9):
        clock.by = minutes * MINUTE
        _key, made = signing.rotate()
        assert not made
        assert list(SigningKey.objects.values()) == before
    clock.by = signing.AHEAD + MINUTE
    assert signing.rotate()[1]
    assert SigningKey.objects.count() == 3
    clock.by += signing.AHEAD + 7 * MINUTE
    assert signing.rotate()[1]
    assert set(SigningKey.objects.values_list("number", flat=True)) == {3, 4}, "expired ones are cleared away"


@pytest.mark.django_db
def test_a_rotation_that_is_killed_halfway_has_changed_nothing(nobody_special, monkeypatch):
    old = kid(token(nobody_special))

    def killed(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(signing, "Q", killed)  # after the new key was written, before the old one was
        with pytest.raises(KeyboardInterrupt):
            signing.rotate()
    assert SigningKey.objects.get().kid == old
    assert SigningKey.objects.get().expires_at is None
    assert signing.rotate()[1]


@pytest.mark.django_db
def test_in_an_emergency_every_other_key_ends_at_once(nobody_special):
    stolen = token(nobody_special)
    waiting, _made = signing.rotate()
    key = signing.replace()
    assert published() == [key.kid], "one that waited for its turn may be stolen too"
    assert waiting.kid != key.kid
    assert not is_good(stolen)
    assert kid(again := token(nobody_special)) == key.kid
    assert is_good(again)
    assert signing.replace().kid != key.kid


@pytest.mark.django_db
def test_a_process_that_has_kept_the_old_keys_takes_the_new_one_at_once(nobody_special, monkeypatch):
    monkeypatch.setattr(keys, "PAUSE", 0)
    assert bearer.verify(token(nobody_special))
    signing.replace()
    assert bearer.verify(token(nobody_special))


@pytest.mark.django_db
def test_others_who_are_always_faster_are_told_of(monkeypatch):
    monkeypatch.setattr(signing, "_add", lambda *_args, **_kwargs: None)
    with pytest.raises(CommandError, match="Run it again"):
        call_command("rotate_signing_keys", "--now")


@pytest.mark.django_db
def test_the_command_says_what_it_did(capsys):
    signing.published()
    call_command("rotate_signing_keys")
    first = capsys.readouterr().out
    assert "signs from" in first
    assert "until it is replaced" in first
    call_command("rotate_signing_keys")
    assert capsys.readouterr().out.startswith("There is a next key already; nothing was changed.")
    call_command("rotate_signing_keys", "--now")
    said = capsys.readouterr().out
    assert "Tokens signed with another key are refused." in said
    assert said.count("\n") == 2, "only the new key is left"


@pytest.mark.django_db
def test_the_command_explains_a_database_that_is_away(monkeypatch):
    def away():
        raise OperationalError("away")

    monkeypatch.setattr(signing, "rotate", away)
    with pytest.raises(CommandError, match="database can't be used"):
        call_command("rotate_signing_keys")


@pytest.mark.django_db
def test_the_private_key_lies_encrypted(nobody_special, settings):
    token(nobody_special)
    key = SigningKey.objects.get()
    private = signing.opened(key)
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert "PRIVATE" not in key.sealed
    assert der[40:80] not in base64.urlsafe_b64decode(key.sealed)
    settings.SECRET_KEY = SECRETS[0]
    assert signing.opened(key) is None


@pytest.mark.django_db
def test_after_a_change_of_the_secret_key_tokens_go_on(nobody_special, settings):
    settings.SECRET_KEY = SECRETS[0]
    before = token(nobody_special)
    settings.SECRET_KEY = SECRETS[1]
    after = token(nobody_special)
    assert kid(after) != kid(before)
    assert is_good(before)
    assert is_good(after)


@pytest.mark.django_db
def test_processes_with_an_old_and_a_new_secret_key_make_no_keys_by_turns(nobody_special, settings, clock):
    """As while a deployment rolls on; the old ones are gone before their key expires."""
    seen = set()
    for turn in range(8):
        clock.by = turn * MINUTE / 2
        settings.SECRET_KEY = SECRETS[turn % 2]
        seen.add(kid(token(nobody_special)))
    assert len(seen) == SigningKey.objects.count() == 2


def as_allauth_has_it(key):
    pem = signing.opened(key).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SimpleNamespace(
        pem=pem.decode(),
        kid=key.kid,
        not_before=key.not_before,
        expires_at=key.expires_at,
        issued_at=key.issued_at,
    )


@pytest.mark.django_db
def test_an_openid_provider_can_sign_with_the_same_keys(nobody_special, clock):
    """allauth's, given our rows, calls them by our names and takes the same one at each moment."""
    signing.published()
    signing.rotate()
    for step in (timedelta(), signing.AHEAD + MINUTE, 2 * signing.AHEAD):
        clock.by = step
        rows = [as_allauth_has_it(key) for key in SigningKey.objects.all()]
        assert [jwkkit.load_jwk_from_pem(row.pem)[0]["kid"] for row in rows] == [row.kid for row in rows]
        assert {row.kid for row in filter_keys(rows, is_active=True)} == set(published())
        theirs = pick_signing_key(filter_keys(rows, did_activate=True, is_active=True))
        assert theirs.kid == kid(token(nobody_special))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_token_is_refused_while_keys_change_under_those_who_use_them(monkeypatch, settings):
    person = make_person("x@example.com", name="X")
    monkeypatch.setattr(signing, "AHEAD", timedelta(seconds=0.4))
    monkeypatch.setattr(signing, "TOKEN_SECONDS", 2)
    monkeypatch.setattr(keys, "PAUSE", 0)
    settings.SESSION_TRUST_SECONDS = 0.1
    until, wrong, used, checked = time.monotonic() + 6, [], set(), 0
    lock = threading.Lock()

    def use_tokens():
        nonlocal checked
        held: list[tuple[float, str]] = []
        try:
            while time.monotonic() < until:
                held = [one for one in held if time.monotonic() - one[0] < 2][-20:]
                held.append((time.monotonic(), token(person)))
                for _made_at, text in held:
                    assert bearer.verify(text) == person
                with lock:
                    used.add(kid(held[-1][1]))
                    checked += len(held)
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connections.close_all()

    def rotate():
        while time.monotonic() < until:
            signing.rotate()
            time.sleep(0.05)
        connections.close_all()

    threads = [
        threading.Thread(target=target) for target in (use_tokens, use_tokens, use_tokens, rotate, rotate)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(used) > 3, "the key changed again and again"
    assert checked > 100


RACE = """
import sys, time
from pathlib import Path
from apps.auth import signing
from apps.auth.models import SigningKey
from seam import atomic

folder, me, other = Path({folder!r}), {me!r}, {other!r}

def together(name):
    (folder / f"{{name}}-{{me}}").touch()
    until = time.monotonic() + 60
    while not (folder / f"{{name}}-{{other}}").exists():
        assert time.monotonic() < until, "the other process did not come"
        time.sleep(0.0005)

for number in range({rounds}):
    if me == "a":
        with atomic("auth"):
            SigningKey.objects.all().delete()
    together(f"first-{{number}}")
    first = signing.published()[0].kid
    together(f"next-{{number}}")
    key, made = signing.rotate()
    print("ROUND", first, key.kid, made, flush=True)
    together(f"done-{{number}}")
"""
ROUNDS = 4


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_of_two_processes_that_make_a_key_at_once_one_does(database, request, tmp_path):
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}}
    env |= {"DATA_DIR": str(tmp_path / "data"), "ENV_FILE": os.devnull}
    env["DJANGO_SETTINGS_MODULE"] = "monolith.settings"
    if database == "mariadb":
        server = request.getfixturevalue("mariadb")
        server.create_databases("keyrace")
        env["DATABASE_URL"] = server.url("keyrace")
    (tmp_path / "data").mkdir()
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "accounts", "-v0"], cwd=ROOT, env=env, check=True, timeout=120)
    scripts = [
        RACE.format(folder=str(tmp_path), me=me, other=other, rounds=ROUNDS) for me, other in ("ab", "ba")
    ]
    racing = [
        subprocess.Popen(
            [*manage, "shell", "-v0", "-c", script], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
        )
        for script in scripts
    ]
    said = [process.communicate(timeout=180)[0] for process in racing]
    assert [process.returncode for process in racing] == [0, 0], said
    ours, theirs = ([line.split()[1:] for line in text.splitlines() if "ROUND" in line] for text in said)
    assert len(ours) == len(theirs) == ROUNDS
    for (first, following, made), (their_first, their_following, they_made) in zip(ours, theirs, strict=True):
        assert (first, following) == (their_first, their_following)
        assert {made, they_made} == {"True", "False"}
