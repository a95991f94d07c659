"""Any grouping of contexts: what a process with some of them is made of, and that services together are the site."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monolith.topology import SHAPE
from tests.caller import Caller
from tests.journeys.place import eventually
from tests.media.drawn import picture
from tests.people import PASSWORD
from tests.servers import CONTEXTS, ROOT, Site
from tests.topologies import Split, split_site

GROUPINGS = [group for size in (1, 2) for group in itertools.combinations(CONTEXTS, size)]
ALIAS = {name: alias for name, _label, alias in SHAPE}
LABEL = {name: label for name, label, _alias in SHAPE}
OF_AUTH = {
    "apps.auth",
    "django.contrib.auth",
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "allauth",
}
PROBE = (ROOT / "tests" / "parts_probe.py").read_text()
ELSEWHERE = "Esta dirección la atiende otra parte del sitio; la pasarela debería llevarla hasta allí."
# Three sites in which each grouping is a service once; the one in which all are apart is where journeys go.
SITES = [((one,), tuple(c for c in CONTEXTS if c != one)) for one in CONTEXTS]


def names(group: Any) -> str:
    return "+".join("".join(part) for part in group)


def environment(group: tuple[str, ...], folder: Path) -> dict[str, str]:
    """That of a process with these contexts; whatever else it knew of is a secret that must not be in its settings."""
    unset = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    elsewhere = {c.upper(): f"grpc://{c}.invalid:50051" for c in CONTEXTS if c not in group}
    databases = {f"{c.upper()}_DATABASE_URL": f"sqlite:///{folder}/kept-by-{c}.sqlite3" for c in CONTEXTS}
    ours = {"ENV_FILE": os.devnull, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "monolith.settings"}
    ours |= {"RPC_KEY": "k" * 40, "PORT": "1"}
    return {k: v for k, v in os.environ.items() if k not in unset} | ours | elsewhere | databases


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module", params=GROUPINGS, ids=names)
def part(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[str, ...], dict[str, Any], dict[str, str]]:
    """A grouping, what a process of it is made of once its databases are migrated, and its environment."""
    group = request.param
    env = environment(group, tmp_path_factory.mktemp("part"))
    migrated = run(env, "manage.py", "migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    asked = run(env, "manage.py", "shell", "--verbosity", "0", "-c", PROBE)
    assert asked.returncode == 0, asked.stderr
    return group, json.loads(asked.stdout), env


pytestmark = pytest.mark.slow


def test_a_part_serves_its_contexts_and_has_no_app_of_others(part) -> None:
    group, made, _env = part
    assert set(made["served"]) == set(group)
    assert {app for app in made["apps"] if app.startswith("apps.")} == {
        f"apps.{context}" for context in group
    }
    assert OF_AUTH & set(made["apps"]) == (OF_AUTH if "auth" in group else set())


def test_a_part_knows_its_own_databases_and_does_not_even_name_others(part) -> None:
    group, made, _env = part
    named = {alias for alias, name in made["databases"].items() if name}
    assert named == {ALIAS[context] for context in group}
    assert set(re.findall(r"kept-by-(\w+)", made["settings"])) == set(group)
    prefixes = {table.partition("_")[0] for table in made["tables"]} & set(LABEL.values())
    assert prefixes == {LABEL[context] for context in group}


def test_a_part_answers_its_own_urls_and_says_where_others_are(part) -> None:
    group, made, _env = part
    assert made["urls"] == {context: context in group for context in CONTEXTS}
    assert {context for context, page in made["said"].items() if ELSEWHERE in page} == set(CONTEXTS) - set(
        group
    )
    own = {"auth": ("/accounts/login/", 200), "media": ("/pictures/", 302), "catalog": ("/search", 200)}
    for context, (path, status) in own.items():
        assert made["answers"][path] == (status if context in group else 404)


def test_what_is_everybodys_is_answered_by_each_part(part) -> None:
    _group, made, _env = part
    shared = ("/offline", "/sw.js", "/manifest.webmanifest", "/livez", "/readyz")
    assert {path: made["answers"][path] for path in shared} == dict.fromkeys(shared, 200)
    assert made["answers"]["/nothing"] == 404
    assert made["language"] == 303


def test_a_command_with_nothing_to_work_on_says_so(part) -> None:
    group, made, env = part
    assert "The demo needs all contexts in one process" in made["seed_demo"]
    assert all(f"{context} jobs" in made["jobs"] for context in group)
    for context, command in {"auth": "createsuperuser", "catalog": "import_catalog"}.items():
        if context not in group:
            done = run(env, "manage.py", command)
            assert done.returncode == 1
            assert f"`{command}` belongs to {context}" in done.stderr
            assert f"Run it where {context.upper()} is `here`." in done.stderr
    if "auth" not in group:
        done = run(env, "manage.py", "showmigrations")
        assert f"Name one with --database: {', '.join(group)}." in done.stderr


# Together they are the site.

MAPPING = """
[item]
key = "sku"
title = "title"

[pictures]
source = "picture"
folder = "pictures"
"""


def signed_in(split: Split) -> Caller:
    """Alice, who may edit, signed in through the gateway."""
    register = (
        "from apps.auth import service; from apps.auth.contract import Role; "
        f"service.register_person(email='alice@example.com', password={PASSWORD!r}, name='Alice', "
        "role=Role.EDITOR, confirmed=True)"
    )
    split.service_of("auth").manage("shell", "-c", register)
    alice = Caller(split.url)
    front = alice.sign_in("alice@example.com", PASSWORD)
    assert (front.status, front.path) == (200, "/")
    assert "You are signed in." in front.text  # said by auth in a signed cookie, shown by the catalogue
    return alice


@pytest.fixture(scope="module", params=SITES, ids=names)
def split(request: pytest.FixtureRequest) -> Iterator[Split]:
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"):
        pytest.skip("nginx is missing: apt-get install nginx-light")
    with split_site(*request.param) as running:
        yield running


def test_parts_together_are_one_site(split: Split, tmp_path: Path) -> None:
    """One test, for each site takes a while to start: sign in here, be known there, and give one's pictures away."""
    alice = signed_in(split)
    everywhere_knows_who_is_calling(alice, split)
    a_token_of_auth_is_good_everywhere(alice, split)
    a_picture_is_uploaded_and_shown(alice)
    an_import_hands_its_pictures_to_media(split, tmp_path)
    the_editor_lists_pictures_of_media(alice)
    whoever_signs_out_is_signed_out_everywhere(alice)


def everywhere_knows_who_is_calling(alice: Caller, split: Split) -> None:
    for path in ("/accounts/", "/pictures/", "/editor/"):
        page = alice.get(path)
        assert (page.status, page.path) == (200, path)
        assert '<p class="menu__label">Alice</p>' in page.text
    for path in ("/pictures/", "/editor/", "/accounts/"):
        assert Caller(split.url).get(path).path == "/accounts/login/"
    assert Caller(split.url, "es").get("/nothing").text.count("Aquí no crece nada") == 1


def a_token_of_auth_is_good_everywhere(alice: Caller, split: Split) -> None:
    """Without a cookie, and without a CSRF token to write; its keys came by gRPC where auth is elsewhere."""
    token = alice.post("/accounts/token", token=alice.token("/accounts/password/change/")).json[
        "access_token"
    ]
    program = Caller(split.url)
    bearer = {"Authorization": f"Bearer {token}"}
    for path in ("/api/v1/media/assets", "/api/v1/catalog/items", "/editor/", "/pictures/"):
        assert program.get(path, **bearer).status == 200, path
        assert program.get(path, Authorization=f"Bearer {token[:-6]}AAAAAA").status == 401, path
    assert program.get("/api/v1/media/assets").status == 401


def a_picture_is_uploaded_and_shown(alice: Caller) -> None:
    """The token of one context's form holds in another: the upload uses that of the account's page."""
    sent = alice.send_file(
        "/api/v1/media/assets", "a.png", picture(), token=alice.token("/accounts/password/change/")
    )
    assert sent.status == 201, sent.text
    ready = eventually(lambda: (asset := alice.get(sent.json["url"]).json)["status"] == "ready" and asset, 60)
    shown = alice.get(ready["renditions"][0]["url"])
    assert (shown.status, shown.headers["Content-Type"]) == (200, f"image/{ready['renditions'][0]['format']}")


def an_import_hands_its_pictures_to_media(split: Split, folder: Path) -> None:
    """By the shared storage and by name; the picture's event comes back and the item shows it."""
    (folder / "pictures").mkdir()
    (folder / "pictures" / "dunes.png").write_bytes(picture(seed=5))
    (folder / "items.csv").write_text("sku,title,picture\n1,Dunes,dunes.png\n")
    (folder / "map.toml").write_text(MAPPING)
    catalog: Site = split.service_of("catalog")
    arguments = [str(folder / "items.csv"), "--mapping", str(folder / "map.toml")]
    catalog.manage("import_catalog", *arguments, "--owner", "alice@example.com")
    visitor = Caller(split.url)
    eventually(lambda: "/media/r/" in visitor.get("/search?q=dunes").text, 60)


def the_editor_lists_pictures_of_media(alice: Caller) -> None:
    assert alice.get("/editor/pictures").text.count("<img") >= 2


def whoever_signs_out_is_signed_out_everywhere(alice: Caller) -> None:
    session = alice.jar
    assert alice.sign_out().status == 200
    assert not [cookie for cookie in session if cookie.name == "session" and cookie.value]
    eventually(lambda: alice.get("/pictures/").path == "/accounts/login/", 20)
