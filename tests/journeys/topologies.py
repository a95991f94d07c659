"""The same code on every topology: each of these starts one and gives the place where journeys go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests import servers
from tests.container import image
from tests.functions import serving
from tests.journeys.place import Place, Probe, eventually, is_idle
from tests.servers import CONTEXTS, Site
from tests.topologies import split_site

# Enough for several categories, and made in seconds.
DEMO = ("seed_demo", "--prints", "12", "--pixels", "700")
SEEDED = 300  # seconds
Env = Mapping[str, str]
TOLD: Env = {"SERVER_TIMING": "true"}  # each answer tells its queries, which are compared


@contextmanager
def embedded(env: Env) -> Iterator[Place]:
    """The site as `bin/run` starts it: one process of each kind, SQLite, no Redis."""
    with servers.site(env) as site:
        site.manage(*DEMO)
        yield Place("embedded", site.url, Probe(dict.fromkeys(CONTEXTS, site), site))


@contextmanager
def on_servers(env: Env) -> Iterator[Place]:
    """One site on MariaDB with a replica, Redis, Celery and S3."""
    with ExitStack() as stack:
        databases = stack.enter_context(servers.mariadb_with_replica())
        cache, bucket = stack.enter_context(servers.redis()), stack.enter_context(servers.s3())
        parts = databases.env() | {
            "REDIS_URL": cache.url(),
            "STORAGE_URL": bucket.make_bucket("journeys"),
            "MEDIA_UPLOAD_URL": f"{bucket.endpoint}/journeys",
            "DEMO_DATA": "false",
        }
        site = stack.enter_context(servers.site({**env, **parts}))
        site.manage(*DEMO)
        yield Place("servers", site.url, Probe(dict.fromkeys(CONTEXTS, site), site))


@contextmanager
def functions(env: Env) -> Iterator[Place]:
    """Slow work goes to functions: pictures to a Lambda, mails and the records of imports to CloudEvents containers."""
    with ExitStack() as stack:
        mails = stack.enter_context(serving.served("auth_send_mail", {"EMAIL_URL": "consolemail://"}))
        pictures = stack.enter_context(serving.lambda_server("media_renditions"))
        records = stack.enter_context(serving.function_server("catalog_import_chunk"))
        elsewhere = {
            "FUNCTION_KEY": serving.KEY,
            "FUNCTION_AUTH_SEND_MAIL_URL": mails.url,
            "FUNCTION_MEDIA_RENDITIONS_URL": pictures,
            "FUNCTION_CATALOG_IMPORT_CHUNK_URL": records,
        }
        site = stack.enter_context(servers.site({**env, **elsewhere}))
        site.manage(*DEMO)
        yield Place("functions", site.url, Probe(dict.fromkeys(CONTEXTS, site), site, [mails.server]))


@contextmanager
def split(env: Env) -> Iterator[Place]:
    """Three services behind nginx, each with its own database and account, gRPC between them."""
    with ExitStack() as stack:
        database, cache = stack.enter_context(servers.mariadb()), stack.enter_context(servers.redis())
        apart = stack.enter_context(split_site(mariadb=database, redis=cache, env=env))
        services = {context: apart.service_of(context) for context in CONTEXTS}
        whole = as_one(services)
        whole.manage(*DEMO)
        yield Place("split", apart.url, Probe(services, whole))


def as_one(services: Mapping[str, Site]) -> Site:
    """The same databases seen by one process, as before the split: the demo shop is made by all contexts together."""
    env = {
        key: value
        for key, value in services["auth"].env.items()
        if key not in {"MEDIA", "CATALOG", "RPC_PORT"}
    }
    for context, service in services.items():
        env[f"{context.upper()}_DATABASE_URL"] = service.env[f"{context.upper()}_DATABASE_URL"]
    return Site(services["auth"].url, services["auth"].data_dir, env, {})


@contextmanager
def container(env: Env) -> Iterator[Place]:
    """The image as anyone runs it: read-only, any user, a Redis of its own. Skips where containers can't be had."""
    try:
        image.ensure_base()
    except image.NoContainers as reason:
        pytest.skip(f"The container was neither built nor run: {reason}")
    image.build()
    with image.fresh_volume() as volume, image.container(volume, DEMO_DATA="false", **env) as running:
        running.manage(*DEMO)
        yield Place(
            "container", f"http://localhost:{running.port}", Probe(dict.fromkeys(CONTEXTS, running), running)
        )


TOPOLOGIES: dict[str, Callable[[Env], AbstractContextManager[Place]]] = {
    "embedded": embedded,
    "servers": on_servers,
    "split": split,
    "functions": functions,
    "container": container,
}


@contextmanager
def topology(name: str, env: Env = TOLD) -> Iterator[Place]:
    """The topology of that name with a part of the demo shop, all renditions made and shown; `env` adds settings."""
    with TOPOLOGIES[name](env) as place, place.probe:
        eventually(lambda: is_idle(place), SEEDED, pause=1)
        yield place
