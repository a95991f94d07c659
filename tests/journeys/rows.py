"""Prints a context's events or jobs as JSON, read with the settings of the environment.

python -m tests.journeys.rows events|jobs CONTEXT
"""

import json
import os
import sys
from typing import Any

import django


def main(kind: str, context: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
    django.setup()
    from seam.registry import registry

    served = registry[context]
    table: Any = served.outbox if kind == "events" else served.job_table
    rows = table._default_manager.order_by("created_at", "pk").values("name", "data", "status", "attempts")
    print(json.dumps(list(rows), default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
