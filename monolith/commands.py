"""What manage.py says where a command has nothing to work on: its context, or the database, is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import find_commands
from django.db import DatabaseError

from monolith.topology import folder_of


def refuse_elsewhere(arguments: Sequence[str]) -> None:
    """End with a sentence when the command is one of a context that runs elsewhere."""
    command = arguments[1] if len(arguments) > 1 else ""
    for context in settings.CONTEXTS:
        if not context.is_here and command in commands_of(context.name):
            raise SystemExit(
                f"`{command}` belongs to {context.name}, which is not in this process "
                f"({context.name.upper()}={context.location}). Run it where {context.name.upper()} is `here`."
            )


def commands_of(context: str) -> set[str]:
    apps = [f"apps.{context}", *(settings.APPS_OF_AUTH if context == "auth" else ())]
    return {command for app in apps for command in find_commands(str(folder_of(app) / "management"))}


def explained(error: ImproperlyConfigured) -> str:
    """The error in a sentence that says what to do."""
    if "supply the ENGINE" not in str(error):
        return f"The site can't start with these settings. {error}"
    aliases = ", ".join(context.alias for context in settings.HERE)
    return (
        f"This process has no database `default`, for auth is elsewhere. Name one with --database: {aliases}."
    )


def unusable(error: DatabaseError) -> str:
    """The same of a database that is away, is another one or has no tables yet."""
    return (
        f"The database can't be used: {error.args[-1]}. See that it runs and that DATABASE_URL or DATA_DIR names the "
        "right one; where its tables are missing, run `manage.py prepare`. With --traceback this says where it failed."
    )
