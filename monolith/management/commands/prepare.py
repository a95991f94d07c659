"""Makes the site ready to start: databases, tables, translations, static files."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import Tags
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from apps.media.storage import KINDS, kept

PATIENCE = 60
# What MySQL answers when a database isn't there: to who may see all, and to who may see only their own.
NO_SUCH_DATABASE = {1044, 1049}
# What its client says while the server isn't up yet.
NO_SERVER = {2002, 2003, 2005, 2006, 2013}


class Command(BaseCommand):
    help = "Make the site ready to start: databases, tables, translations, static files. May be run again."
    requires_system_checks = ()  # made by check_code, for all processes that start after this one

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--built",
            action="store_true",
            help="the code was checked, translations and static files are there already (the image)",
        )

    def handle(self, *args: Any, built: bool, **options: Any) -> None:
        ensure_port_is_free()
        ensure_writable("DATA_DIR", settings.DATA_DIR)
        if not built:
            ensure_writable("STATIC_ROOT", settings.STATIC_ROOT)
            self.check_code()
            call_command("compile_translations", verbosity=0)
            self.collect_static()
        for context in settings.HERE:
            ensure_database(context.alias)
            self.migrate(context.alias)
        self.check(tags=[Tags.database], databases=[context.alias for context in settings.HERE])
        ensure_files()

    def check_code(self) -> None:
        """Raises SystemCheckError. The site's URLs bring the admin's pages, which are checked too."""
        import_module(settings.ROOT_URLCONF)
        self.check()

    def collect_static(self) -> None:
        """Hashed and compressed static files in STATIC_ROOT; that takes seconds, so only when one changed."""
        stamp = Path(settings.STATIC_ROOT) / ".collected"
        now = fingerprint_of_static()
        if not stamp.exists() or stamp.read_text() != now:
            self.stdout.write("Compressing static files…")
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(now)

    def migrate(self, alias: str) -> None:
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Migrating the {settings.DATABASES[alias]['NAME']} database…")
            call_command("migrate", database=alias, interactive=False, verbosity=0)


def ensure_port_is_free() -> None:
    """Raises CommandError when another program listens where the site should."""
    try:
        socket.create_server((settings.BIND_ADDRESS, settings.PORT)).close()
    except OSError as error:
        if (error.errno or 0) < 0 or error.errno == errno.EADDRNOTAVAIL:  # below 0: of getaddrinfo
            raise CommandError(
                f"BIND_ADDRESS={settings.BIND_ADDRESS!r} is no address of this machine. Name one, such as 127.0.0.1 "
                "for this machine only or 0.0.0.0 for all, or leave it unset."
            ) from error
        why = os.strerror(error.errno or 0)
        raise CommandError(
            f"Port {settings.PORT} on {settings.BIND_ADDRESS} can't be used ({why}); perhaps the site runs "
            f"already. Stop the other program, or choose another port: PORT={settings.PORT + 1} bin/run"
        ) from error


def ensure_writable(setting: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(
            f"{setting} {folder} can't be written ({error.strerror}). Make it writable, or name another folder."
        ) from error


def ensure_files() -> None:
    """Wait for whatever keeps the pictures. Raises CommandError that says why it can't and what to do about it."""
    until = time.monotonic() + PATIENCE
    for kind in KINDS:
        while trouble := kept(kind).trouble():
            if not trouble.passes or time.monotonic() > until:
                raise CommandError(trouble.sentence)
            time.sleep(1)


def fingerprint_of_static() -> str:
    files = sorted(storage.path(name) for finder in get_finders() for name, storage in finder.list([]))
    stats = ((path, os.stat(path)) for path in files)
    lines = (f"{path} {stat.st_mtime_ns} {stat.st_size}" for path, stat in stats)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def ensure_database(alias: str) -> None:
    """Wait for the server of `alias`, and make the database there when it is missing.

    Raises CommandError with the statements to run when the account may not make it.
    """
    if connections[alias].vendor == "sqlite":
        make_file(Path(settings.DATABASES[alias]["NAME"]))
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connections[alias].ensure_connection()
            return
        except OperationalError as error:
            if error.args[0] in NO_SUCH_DATABASE:
                create_database(alias)
            elif error.args[0] in NO_SERVER and time.monotonic() < until:
                time.sleep(1)
            else:
                raise CommandError(f"The database of {alias!r} can't be used: {error.args[-1]}") from error


def make_file(path: Path) -> None:
    """By itself SQLite keeps its group from writing; a platform may start us as another user of one group."""
    try:
        path.touch(mode=0o666)  # less the umask
    except OSError as error:
        raise CommandError(
            f"The database {path} can't be written ({error.strerror}). Make its folder, writable for this user, or "
            "name another place."
        ) from error


def create_database(alias: str) -> None:
    import MySQLdb

    config = connections[alias].get_connection_params()
    name = config.pop("database", None) or config.pop("db")
    statement = f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
    try:
        with MySQLdb.connect(**config) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
    except (MySQLdb.Error, DatabaseError) as error:
        raise CommandError(
            f"The database {name} does not exist and this account may not make it. As an administrator run:\n"
            f"  {statement};\n  GRANT ALL ON `{name}`.* TO '{config.get('user', '')}'@'%';"
        ) from error
