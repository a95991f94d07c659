"""Reads the environment once: where each context lives, its database, its queue."""

from __future__ import annotations

import importlib.util
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

HERE = "here"
SCHEME = "grpc://"
HOST = re.compile(r"[\w.-]+|[\da-f:.]+", re.ASCII)

MYSQLCLIENT_REMEDY = (
    "DATABASE_URL names MySQL, but mysqlclient is not installed. Install its headers "
    "(Debian: apt-get install pkg-config default-libmysqlclient-dev build-essential python3-dev) and run "
    "bin/run again, or unset DATABASE_URL to use SQLite."
)


KEY_LENGTH = 32
KEY_REMEDY = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"


@dataclass(frozen=True)
class Context:
    """One bounded context and where its parts live.

    `location` is `here` or, in the form it is compared by, `grpc://host:port[,grpc://host:port…]`; then
    `database` is empty: what is elsewhere is asked, and its database is nobody's business here.
    """

    name: str
    label: str
    alias: str
    location: str
    database: dict[str, Any]
    # By alias: `catalog.replica1` …
    replicas: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_here(self) -> bool:
        return self.location == HERE

    @property
    def addresses(self) -> tuple[str, ...]:
        """`host:port` of each process that serves it; none where it is here."""
        return () if self.is_here else tuple(a.removeprefix(SCHEME) for a in self.location.split(","))

    @property
    def app(self) -> str:
        return f"apps.{self.name}"

    @property
    def queue(self) -> str:
        """The name of its queue at the broker, if there is one."""
        return f"offshoot.{self.name}"


# name, app label, database alias. Auth's alias is `default`: allauth and Django's admin open transactions
# without naming an alias. `manage.py startcontext` adds a line.
SHAPE = (
    ("auth", "accounts", "default"),
    ("media", "media", "media"),
    ("catalog", "catalog", "catalog"),
)

# Seconds to connect to a database server, and for a page's statement on a replica: then the primary is asked.
CONNECT_TIMEOUT = 2
REPLICA_TIMEOUT = 3


def read(env: Env, data_dir: Path, *, timeout: int = 10) -> tuple[Context, ...]:
    """Every context in SHAPE, as the environment places it; `timeout` in seconds is for one statement on MySQL.

    Raises ImproperlyConfigured with a remedy when a location or a database URL of a context here can't be used.
    """
    places = {name: _location(env, name) for name, _label, _alias in SHAPE}
    if HERE not in places.values():
        raise ImproperlyConfigured(
            f"{', '.join(name.upper() for name in places)} all name other places, so this process would serve "
            "nothing. Set one of them to 'here'."
        )
    return tuple(
        Context(name, label, alias, places[name], *_databases(env, name, alias, data_dir, timeout))
        if places[name] == HERE
        else Context(name, label, alias, places[name], {})
        for name, label, alias in SHAPE
    )


def _location(env: Env, name: str) -> str:
    variable = name.upper()
    value = env.str(variable, default=HERE).strip() or HERE
    if value == HERE:
        return HERE
    try:
        return ",".join(dict.fromkeys(SCHEME + _address(part.strip()) for part in value.split(",")))
    except ValueError:
        raise ImproperlyConfigured(
            f"{variable}={value!r} is no place. Leave {variable} unset or set it to 'here', or say where its "
            "`manage.py rpc` listens: grpc://host:port, several by commas."
        ) from None


def _address(text: str) -> str:
    """`host:port` of grpc://host:port. Raises ValueError."""
    parts = urlsplit(text)
    host, port = parts.hostname, parts.port
    address = f"[{host}]:{port}" if host and ":" in host else f"{host}:{port}"
    if not port or not HOST.fullmatch(host or "") or text.lower() != SCHEME + address:
        raise ValueError(text)
    return address


BROKERS = ("redis", "rediss", "amqp", "amqps")


def read_broker(env: Env, default: str) -> str:
    """The URL of what carries jobs to workers, or "". Raises ImproperlyConfigured for one no broker of ours has."""
    url = env.str("CELERY_BROKER_URL", default="").strip() or default
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in BROKERS and parts.hostname and (parts.port or 1)
    except ValueError:  # a port that is none
        is_usable = False
    if url and not is_usable:
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL (or REDIS_URL, where it is not set) is no broker's: it must be "
            "redis://:password@host:6379/0 or, of RabbitMQ, amqp://user:password@host:5672/vhost; with TLS rediss:// "
            "or amqps://."
        )
    return url


@dataclass(frozen=True)
class Trust:
    """How services know each other: by keys, of which the first signs and all verify, by certificates, or both.

    `tls` are the names of the files with our certificate, its key, and who signed everybody's.
    """

    keys: tuple[str, ...] = ()
    tls: tuple[str, str, str] | None = None


def read_trust(env: Env, *, is_needed: bool) -> Trust:
    """Raises ImproperlyConfigured with a remedy for a key or a file that can't be used, or for none where needed."""
    keys = tuple(key for part in env.str("RPC_KEY", default="").split(",") if (key := part.strip()))
    if any(len(key) < KEY_LENGTH for key in keys):
        raise ImproperlyConfigured(f"A key in RPC_KEY is shorter than {KEY_LENGTH} characters. {KEY_REMEDY}")
    trust = Trust(keys, _tls(env))
    if is_needed and not (trust.keys or trust.tls):
        raise ImproperlyConfigured(
            "Services that call each other must know each other: set RPC_KEY to the same secret in all of them, or "
            f"RPC_TLS_CERT, RPC_TLS_KEY and RPC_TLS_CA. {KEY_REMEDY}"
        )
    return trust


def _tls(env: Env) -> tuple[str, str, str] | None:
    certificate, key, authority = (
        env.str(variable, default="").strip() for variable in ("RPC_TLS_CERT", "RPC_TLS_KEY", "RPC_TLS_CA")
    )
    if not (certificate or key or authority):
        return None
    if not (certificate and key and authority):
        raise ImproperlyConfigured(
            "Of RPC_TLS_CERT, RPC_TLS_KEY and RPC_TLS_CA only some are set; mutual TLS needs all three, as PEM files."
        )
    try:
        ssl.create_default_context(cafile=authority).load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise ImproperlyConfigured(
            f"RPC_TLS_CERT, RPC_TLS_KEY and RPC_TLS_CA can't be used ({error}). They must name PEM files that can be "
            "read: a certificate, its key without a password, and the certificate of who signed it."
        ) from error
    return certificate, key, authority


Database = dict[str, Any]


def _databases(
    env: Env, name: str, alias: str, data_dir: Path, timeout: int
) -> tuple[Database, dict[str, Database]]:
    """The database of a context, and its replicas by alias."""
    own = _tuned(_database(env, name, data_dir), timeout)
    variable = f"{name.upper()}_REPLICA_URLS"
    urls = [url for part in env.str(variable, default="").split(",") if (url := part.strip())]
    if urls and name == "auth":
        raise ImproperlyConfigured(
            "AUTH_REPLICA_URLS can't be used: what auth knows decides who may pass, so it is always read from the "
            "primary. Take it out; MEDIA_REPLICA_URLS and CATALOG_REPLICA_URLS are where reading is spread."
        )
    if urls and "mysql" not in own["ENGINE"]:
        raise ImproperlyConfigured(
            f"{variable} is set, but the database of {name} is a SQLite file, which has no replicas. Set "
            f"DATABASE_URL or {name.upper()}_DATABASE_URL to the primary, or take {variable} out."
        )
    return own, {
        f"{alias}.replica{number}": _replica(_parsed(variable, url, kinds=("mysql",)), timeout, of=alias)
        for number, url in enumerate(urls, 1)
    }


def _replica(config: Database, timeout: int, *, of: str) -> Database:
    return _tuned(config, min(timeout, REPLICA_TIMEOUT)) | {"TEST": {"MIRROR": of}}


def _database(env: Env, name: str, data_dir: Path) -> Database:
    own = f"{name.upper()}_DATABASE_URL"
    if url := env.str(own, default=""):
        return _parsed(own, url)
    if url := env.str("DATABASE_URL", default=""):
        config = _parsed("DATABASE_URL", url)
        config["NAME"] = _name_for(config, name)
        return config
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(data_dir / f"{name}.sqlite3")}


def _parsed(variable: str, url: str, *, kinds: tuple[str, ...] = ("mysql", "sqlite")) -> Database:
    scheme = url.partition(":")[0].lower() if "://" in url else ""
    if scheme not in kinds:
        examples = {"mysql": "mysql://user:password@host:3306/name", "sqlite": "sqlite:////path/to/file"}
        raise ImproperlyConfigured(
            f"{variable} begins with {scheme + '://' if scheme else 'no scheme'!r}; it must be "
            f"{' or '.join(examples[kind] for kind in kinds)}."
        )
    if scheme == "mysql" and importlib.util.find_spec("MySQLdb") is None:
        raise ImproperlyConfigured(MYSQLCLIENT_REMEDY.replace("DATABASE_URL", variable, 1))
    try:
        config = dict(Env.db_url_config(url))
        int(config.get("PORT") or 0)
    except ValueError:  # whose words may hold a part of the password
        raise ImproperlyConfigured(
            f"{variable} can't be read; it must be mysql://user:password@host:3306/name, with %2C, %2F and %40 for a "
            "comma, a slash and an @ in the password."
        ) from None
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{variable} names no database: end it with /name.")
    return config


def _name_for(config: dict[str, Any], context: str) -> str:
    """One database per context from day one: shop_auth, shop_media … or shop.auth.sqlite3 …"""
    name = str(config["NAME"])
    if "sqlite" in config["ENGINE"]:
        path = Path(name)
        return str(path.with_name(f"{path.stem}.{context}{path.suffix or '.sqlite3'}"))
    return f"{name}_{context}"


def _tuned(config: Database, timeout: int) -> Database:
    if "sqlite" in config["ENGINE"]:
        return config | {
            "CONN_MAX_AGE": None,  # opening the file again and again costs more than any query
            "OPTIONS": {
                # IMMEDIATE: a transaction that will write takes its lock at the start, so two of them wait
                # for each other instead of one failing with "database is locked".
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
            },
        }
    return config | {
        "ENGINE": "seam.mysql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": config.get("OPTIONS", {})
        | {"charset": "utf8mb4", "isolation_level": "read committed", "connect_timeout": CONNECT_TIMEOUT}
        # A server that hangs holds nobody for longer.
        | {"read_timeout": timeout, "write_timeout": timeout},
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
    }


def folder_of(app: str) -> Path:
    """Where the code of an app is that may be named by its configuration, also of one that is not installed."""
    spec = importlib.util.find_spec(app.partition(".apps.")[0])
    return Path(next(iter((spec and spec.submodule_search_locations) or ()), app))
