"""Jobs of our own: shells of a few lines around service.py or functions/."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apps.catalog import service
from seam import Job, enqueue


def rebuild(data: dict[str, Any], result: None) -> None:
    """Derive everything kept for pages anew, some items at a time."""
    after = service.rebuild(
        UUID(data["after"]) if data["after"] else None, data.get("listing"), data.get("placed_in")
    )
    if after is not None:
        enqueue("catalog.rebuild", data | {"after": str(after)})


JOBS: list[Job] = [Job("catalog.rebuild", effect=rebuild)]
