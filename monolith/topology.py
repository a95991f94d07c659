"""Reads the environment once: where each context lives, its database, its queue."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

HERE = "here"

MYSQLCLIENT_REMEDY = (
    "DATABASE_URL names MySQL, but mysqlclient is not installed. Install its headers "
    "(Debian: apt-get install pkg-config default-libmysqlclient-dev build-essential python3-dev) and run "
    "bin/run again, or unset DATABASE_URL to use SQLite."
)


@dataclass(frozen=True)
class Context:
    """One bounded context and where its parts live."""

    name: str
    label: str
    alias: str
    location: str
    database: dict[str, Any]

    @property
    def is_here(self) -> bool:
        return self.location == HERE

    @property
    def app(self) -> str:
        return f"apps.{self.name}"

    @property
    def queue(self) -> str:
        """The name of its queue at the broker, if there is one."""
        return f"offshoot.{self.name}"


# name, app label, database alias. Auth's alias is `default`: allauth and Django's admin open transactions
# without naming an alias.
SHAPE = (("auth", "accounts", "default"), ("media", "media", "media"), ("catalog", "catalog", "catalog"))


def read(env: Env, data_dir: Path) -> tuple[Context, ...]:
    """Every context in SHAPE, as the environment places it.

    Raises ImproperlyConfigured with a remedy when a location or a database URL can't be used.
    """
    return tuple(
        Context(name, label, alias, _location(env, name), _database(env, name, data_dir))
        for name, label, alias in SHAPE
    )


def _location(env: Env, name: str) -> str:
    variable = name.upper()
    value = env.str(variable, default=HERE).strip() or HERE
    if value != HERE:
        raise ImproperlyConfigured(
            f"{variable}={value!r} is not a place this version knows. Leave {variable} unset or set it to 'here'."
        )
    return value


def _database(env: Env, name: str, data_dir: Path) -> dict[str, Any]:
    own = f"{name.upper()}_DATABASE_URL"
    if env.str(own, default=""):
        return _tuned(_parsed(env, own))
    if env.str("DATABASE_URL", default=""):
        config = _parsed(env, "DATABASE_URL")
        config["NAME"] = _name_for(config, name)
        return _tuned(config)
    return _tuned({"ENGINE": "django.db.backends.sqlite3", "NAME": str(data_dir / f"{name}.sqlite3")})


def _parsed(env: Env, variable: str) -> dict[str, Any]:
    scheme = urlsplit(env.str(variable)).scheme
    if scheme not in {"mysql", "sqlite"}:
        raise ImproperlyConfigured(
            f"{variable} begins with {scheme + '://' if scheme else 'no scheme'!r}; it must be "
            "mysql://user:password@host:3306/name or sqlite:////path/to/file."
        )
    if scheme == "mysql" and importlib.util.find_spec("MySQLdb") is None:
        raise ImproperlyConfigured(MYSQLCLIENT_REMEDY.replace("DATABASE_URL", variable, 1))
    config = dict(env.db_url(variable))
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


def _tuned(config: dict[str, Any]) -> dict[str, Any]:
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
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": config.get("OPTIONS", {})
        | {"charset": "utf8mb4", "isolation_level": "read committed", "connect_timeout": 5},
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
    }
