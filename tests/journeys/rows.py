"""Prints as JSON what a context's database holds, read where the context lives: `python - WHAT CONTEXT`.

WHAT is `events`, `jobs`, or `tables`: how many rows each table has.
"""

import json
import os
import sys

import django


def rows(table):
    return list(
        table._default_manager.order_by("created_at", "pk").values("name", "data", "status", "attempts")
    )


def main(what: str, context: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
    sys.path.insert(0, os.getcwd())
    django.setup()
    from django.apps import apps

    from seam.registry import registry

    served = registry[context]
    if what == "tables":
        found = {
            model.__name__: model._default_manager.count()
            for model in apps.get_app_config(served.label).get_models()
        }
    else:
        found = rows(served.outbox if what == "events" else served.job_table)
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
