"""What a process that serves only some contexts is made of: prints it as JSON. Run by `manage.py shell -c`."""

from __future__ import annotations

import io
import json

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.urls import Resolver404, resolve

from monolith.prefixes import PREFIXES
from seam.registry import registry

SAMPLES = {name: prefixes[0] for name, prefixes in PREFIXES.items()}
SAMPLES |= {"auth": "/accounts/login/", "catalog": "/search"}
SHARED = ("/offline", "/sw.js", "/manifest.webmanifest", "/livez", "/readyz")


def resolves(path: str) -> bool:
    try:
        return resolve(path) is not None
    except Resolver404:
        return False


def tables() -> list[str]:
    used = [alias for alias in connections if settings.DATABASES[alias].get("NAME")]
    return sorted(name for alias in used for name in connections[alias].introspection.table_names())


def said(command: str, **options: object) -> str:
    """What it prints, or why it does not."""
    output = io.StringIO()
    try:
        call_command(command, stdout=output, **options)
    except CommandError as error:
        return str(error)
    return output.getvalue()


call_command("check", databases=[context.alias for context in settings.HERE], stdout=io.StringIO())
client = Client(headers={"Accept-Language": "es"}, SERVER_NAME="localhost")
print(
    json.dumps(
        {
            "served": [served.name for served in registry],
            "apps": [config.name for config in apps.get_app_configs()],
            "databases": {
                alias: str(database.get("NAME", "")) for alias, database in settings.DATABASES.items()
            },
            "tables": tables(),
            "urls": {context: resolves(path) for context, path in SAMPLES.items()},
            "answers": {
                path: client.get(path).status_code for path in (*SHARED, "/nothing", *SAMPLES.values())
            },
            "said": {context: client.get(PREFIXES[context][0] + "x").content.decode() for context in SAMPLES},
            "language": client.post("/language", {"language": "en", "next": "/"}).status_code,
            "seed_demo": said("seed_demo"),
            "jobs": said("jobs"),
            "settings": repr({name: getattr(settings, name) for name in dir(settings) if name.isupper()}),
        }
    )
)
