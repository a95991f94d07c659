"""The files of deploy/compose: complete, locked down, and started for real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from monolith.prefixes import PREFIXES
from tests.container import image
from tests.deploy import compose
from tests.deploy.compose import FOLDER, KEYS, PASSWORDS
from tests.journeys.place import eventually
from tests.media.drawn import picture
from tests.people import PASSWORD

# The services of the site in each file, and the contexts each of them serves.
SERVICES = {
    "monolith.yml": {"site": {"auth", "media", "catalog"}},
    "split-auth.yml": {"auth": {"auth"}, "site": {"media", "catalog"}},
    "split-catalog.yml": {"catalog": {"catalog"}, "site": {"auth", "media"}},
    "split-media.yml": {"media": {"media"}, "site": {"auth", "catalog"}},
    "split-all.yml": {"auth": {"auth"}, "media": {"media"}, "catalog": {"catalog"}},
}
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / name).read_text())["services"]


def whole(service: dict[str, Any]) -> dict[str, Any]:
    """A service with what it extends; mappings are joined and lists appended, as compose does."""
    if "extends" not in service:
        return service
    base = whole(read(service["extends"].get("file", "common.yml"))[service["extends"]["service"]])
    joined = dict(base)
    for key, value in service.items():
        if isinstance(value, dict) and key != "extends":
            joined[key] = base.get(key, {}) | value
        else:
            joined[key] = [*base.get(key, []), *value] if isinstance(value, list) else value
    return joined


def test_there_is_a_file_for_each_split() -> None:
    assert set(compose.FILES) == SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_knows_where_the_others_are_and_its_own_databases_only(name: str) -> None:
    services = read(name)
    assert services.keys() == {*SERVICES[name], "gateway", "mariadb", "redis"}
    for service, contexts in SERVICES[name].items():
        env = whole(services[service])["environment"]
        assert {c for c in PREFIXES if f"{c.upper()}_DATABASE_URL" in env} == contexts
        others = {other: there for other, there in SERVICES[name].items() if other != service}
        said = {context: env[context.upper()] for context in PREFIXES if context.upper() in env}
        assert said == {
            c: f"grpc://{other}:{env['RPC_PORT']}" for other, there in others.items() for c in there
        }
        assert ("RPC_KEY" in env) is bool(others)
    gateway = whole(services["gateway"])
    sent = {context: gateway["environment"][f"{context.upper()}_WEB"] for context in PREFIXES}
    assert sent == {c: f"{service}:8000" for service, there in SERVICES[name].items() for c in there}
    assert set(gateway["depends_on"]) == set(SERVICES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVICES)
def test_whatever_runs_is_locked_down_and_comes_back(name: str) -> None:
    for service in map(whole, read(name).values()):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges"]
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or "OFFSHOOT_IMAGE" in service["image"]  # the image has its own
        assert "privileged" not in service
        assert ("ports" in service) is ("NGINX_IMAGE" in service["image"])


def test_the_example_names_what_has_to_be_filled_in() -> None:
    example = (FOLDER / "example.env").read_text()
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (FOLDER / "common.yml").read_text()))
    assert needed == {*KEYS, *PASSWORDS, "SITE_URL", "ALLOWED_HOSTS"}
    assert needed <= set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert not re.search(r"^(\w*(KEY|PASSWORD))=.", example, re.MULTILINE)


@pytest.fixture(scope="module")
def images() -> None:
    try:
        compose.build_images()
    except image.NoContainers as reason:
        pytest.skip(f"The compose files were not started: {reason}")


@pytest.fixture(scope="module")
def site(images: None) -> Iterator[compose.Composed]:
    with compose.started("split-all.yml") as running:
        yield running


@pytest.mark.container
@pytest.mark.parametrize(
    "files", [*([name] for name in SERVICES), ["split-all.yml", "https.yml"]], ids="+".join
)
def test_compose_reads_each_file_and_misses_what_is_not_filled_in(images: None, files: list[str]) -> None:
    site = compose.composed(*files)
    assert "services:" in site.compose("config")
    del site.env["SECRET_KEY"]
    with pytest.raises(RuntimeError, match=r"copy example\.env to \.env"):
        site.compose("config")


@pytest.mark.container
@pytest.mark.slow
def test_the_split_site_starts_and_is_one_site(site: compose.Composed) -> None:
    alice = compose.with_alice(site, "auth", PASSWORD)
    for path in ("/accounts/", "/pictures/", "/editor/"):
        page = alice.get(path)
        assert (page.status, page.path) == (200, path)
        assert '<p class="menu__label">Alice</p>' in page.text

    token = alice.token("/accounts/password/change/")
    sent = alice.send_file("/api/v1/media/assets", "a.png", picture(), token=token)
    assert sent.status == 201, sent.text
    ready = eventually(lambda: (asset := alice.get(sent.json["url"]).json)["status"] == "ready" and asset, 60)
    assert alice.get(ready["renditions"][0]["url"]).status == 200
    assert alice.get("/static/nothing.css").status == 404


@pytest.mark.container
@pytest.mark.slow
def test_a_service_of_it_can_not_open_the_database_of_another(site: compose.Composed) -> None:
    say = "import os; from MySQLdb import connect; u = 'catalog'; p = os.environ['CATALOG_DATABASE_URL'].split(':')[2]"
    say += ".split('@')[0]; connect(host='mariadb', user=u, password=p, database='shop_{}'); print('in')"
    assert site.run("catalog", "python", "-c", say.format("catalog")).strip() == "in"
    with pytest.raises(RuntimeError, match="Access denied"):
        site.run("catalog", "python", "-c", say.format("auth"))
    assert "AUTH_DATABASE" not in site.run("catalog", "env")


@pytest.mark.container
@pytest.mark.slow
def test_its_containers_are_well(site: compose.Composed) -> None:
    """podman without systemd asks nothing by itself, so each is asked once."""
    for service in ("auth", "media", "catalog", "gateway", "mariadb", "redis"):
        image.podman("healthcheck", "run", f"{site.project}_{service}_1")
