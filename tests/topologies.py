"""The site in parts: each service with its own processes and database, a real nginx before them. For any test.

with split_site() as split:                                    # auth | media | catalog on SQLite
with split_site(("auth", "media"), ("catalog",)) as split:     # two here and one there
with split_site(mariadb=mariadb, redis=redis_server) as split: # on servers of tests/servers.py
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import (
    CONTEXTS,
    ROOT,
    MariaDB,
    Redis,
    Server,
    ServerFailed,
    Site,
    empty_databases,
    free_port,
    procfile,
    sbin_path,
    temporary_folder,
    wait_until_answers,
)

APART = tuple((context,) for context in CONTEXTS)
NGINX = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/gateway.conf;
}}
"""


@dataclass
class Split:
    """A running site in parts. `services` by the names of their contexts joined with a +, such as `auth+media`.

    `whole` is nothing that runs: its `manage` works on the databases and pictures of all services in one process,
    for what needs that (`seed_demo`) and to look at everything at once.
    """

    url: str
    services: dict[str, Site]
    gateway: Server
    whole: Site

    def service_of(self, context: str) -> Site:
        """The service that serves `context`: its `env`, `servers` (web, worker, relay, rpc), `manage` and `output`."""
        return next(site for name, site in self.services.items() if context in name.split("+"))

    def output(self) -> str:
        """What all processes of all services have printed so far; e-mails are printed too."""
        return "".join(service.output() for service in self.services.values())


@contextmanager
def split_site(
    *groups: Sequence[str],
    mariadb: MariaDB | None = None,
    redis: Redis | None = None,
    env: Mapping[str, str] | None = None,
    env_of: Mapping[str, Mapping[str, str]] | None = None,
    name: str = "split",
    requests: int = 1_000_000,
    connections: int = 10_000,
) -> Iterator[Split]:
    """A service for each group of contexts; by default each context is alone. Every one answers when the block begins.

    `env` adds settings to all services, `env_of` to one by the name of a context it serves. With `mariadb` each
    context has the database `<name>_<context>` there, and an account that may use no other. `requests` a second and
    `connections` at a time are what the gateway lets one address have.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("split"))
        port = free_port()
        places = [Place(tuple(group), free_port(), free_port()) for group in groups or APART]
        shared = _shared(folder, port, redis) | dict(env or {})
        urls = _databases(folder, mariadb, name)
        services = {}
        for place in places:
            own = shared | place.settings(places, folder / place.name, urls)
            for context in place.contexts:
                own |= (env_of or {}).get(context, {})
            services[place.name] = Site(f"http://localhost:{place.web}", folder / place.name, own, {})
        _prepare(list(services.values()))
        stack.enter_context(_running(services, places, folder))
        upstreams = {context: f"127.0.0.1:{place.web}" for place in places for context in place.contexts}
        front = stack.enter_context(gateway(upstreams, port=port, requests=requests, connections=connections))
        url = f"http://localhost:{port}"
        for service in services.values():
            wait_until_answers(f"{service.url}/readyz")
        wait_until_answers(f"{url}/livez")
        whole = Site(url, folder / "whole", shared | urls | {"DATA_DIR": str(folder / "whole")}, {})
        yield Split(url, services, front, whole)


@dataclass(frozen=True)
class Place:
    """Where the service of some contexts listens: for people, and for other services."""

    contexts: tuple[str, ...]
    web: int
    rpc: int

    @property
    def name(self) -> str:
        return "+".join(self.contexts)

    def settings(self, places: Sequence[Place], folder: Path, urls: Mapping[str, str]) -> dict[str, str]:
        elsewhere = {
            context.upper(): f"grpc://127.0.0.1:{place.rpc}"
            for place in places
            if place != self
            for context in place.contexts
        }
        own = (f"{context.upper()}_DATABASE_URL" for context in self.contexts)
        ours = {"DATA_DIR": str(folder), "LIFE_DIR": str(folder / "life")}
        ours |= {"PORT": str(self.web), "RPC_PORT": str(self.rpc)}
        return ours | elsewhere | {variable: urls[variable] for variable in own}


def _databases(folder: Path, mariadb: MariaDB | None, name: str) -> dict[str, str]:
    """The setting that names each context's database. Those of SQLite have their tables already."""
    shutil.copytree(empty_databases(), folder / "databases")
    return {
        f"{context.upper()}_DATABASE_URL": own_account(mariadb, f"{name}_{context}")
        if mariadb
        else f"sqlite:///{folder}/databases/{context}.sqlite3"
        for context in CONTEXTS
    }


def own_account(mariadb: MariaDB, database: str) -> str:
    """The URL of a fresh database and an account that may do everything there and nothing anywhere else."""
    mariadb.sql(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
    mariadb.sql(f"CREATE USER {database}@'%' IDENTIFIED BY 'only-{database}'")
    mariadb.sql(f"GRANT ALL ON {database}.* TO {database}@'%'")
    return f"mysql://{database}:only-{database}@127.0.0.1:{mariadb.port}/{database}"


def _shared(folder: Path, port: int, redis: Redis | None) -> dict[str, str]:
    """What every service of a site is told alike."""
    unset = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    (folder / "pictures").mkdir()
    return (
        {name: value for name, value in os.environ.items() if name not in unset}
        | {
            "ENV_FILE": os.devnull,
            "PYTHONUNBUFFERED": "1",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "SITE_URL": f"http://localhost:{port}",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "RPC_KEY": secrets.token_urlsafe(50),
            "TRUSTED_PROXIES": "1",
            "WEB_WORKERS": "1",
            "MEDIA_ROOT": str(folder / "pictures"),
        }
        | ({"REDIS_URL": redis.url()} if redis else {})
    )


def _prepare(services: Sequence[Site]) -> None:
    """The databases of all at once; translations and static files came with the empty ones."""

    def prepare(service: Site) -> None:
        done = service.manage("prepare", "--built", check=False)
        if done.returncode:
            raise ServerFailed(f"manage.py prepare failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")

    with ThreadPoolExecutor() as pool:
        list(pool.map(prepare, services))


@contextmanager
def _running(services: Mapping[str, Site], places: Sequence[Place], folder: Path) -> Iterator[None]:
    """All processes of all services, started at once and ended at once."""
    for place in places:
        ports, service = {"web": place.web, "rpc": place.rpc}, services[place.name]
        for name, command in (procfile() | {"rpc": "exec python manage.py rpc"}).items():
            log = folder / f"{place.name}-{name}.log"
            service.servers[name] = Server(["sh", "-c", command], ports.get(name), log, service.env)
    servers = [server for service in services.values() for server in service.servers.values()]
    with ThreadPoolExecutor(len(servers)) as pool:
        try:
            list(pool.map(lambda server: server.start(patience=120), servers))
            yield
        finally:
            list(pool.map(Server.stop, servers))


@contextmanager
def gateway(
    upstreams: Mapping[str, str],
    *options: str,
    port: int,
    requests: int = 1_000_000,
    connections: int = 10_000,
) -> Iterator[Server]:
    """nginx as `manage.py gateway` sets it up. `upstreams`: `host:port,…` by context; `options` go to that command."""
    with temporary_folder("gateway") as folder:
        command = [sys.executable, "manage.py", "gateway", f"--listen=127.0.0.1:{port}"]
        command += [f"--{context}={servers}" for context, servers in upstreams.items()]
        command += [f"--requests={requests}", f"--connections={connections}", *options]
        made = subprocess.run(command, cwd=ROOT, env=_plain(), capture_output=True, text=True, check=False)
        if made.returncode:
            raise ServerFailed(f"manage.py gateway failed:\n{made.stderr[-3000:]}")
        (folder / "gateway.conf").write_text(made.stdout)
        user = "" if os.getuid() else "user root;"
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
        run = ["nginx", "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
        with Server(run, port, folder / "log", os.environ | {"PATH": sbin_path()}).running() as server:
            yield server


def _plain() -> dict[str, str]:
    """An environment in which the whole site is here."""
    unset = {name.upper() for name in CONTEXTS} | {"DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in unset} | {"ENV_FILE": os.devnull}
