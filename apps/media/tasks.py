"""Jobs of our own: shells of a few lines around service.py or functions/."""

from __future__ import annotations

from typing import Any

from apps.media import service
from apps.media.storage import FunctionStorage, remove_files
from functions.media_renditions.handler import WALL_SECONDS, handle
from seam import Job


def _render(data: dict[str, Any]) -> dict[str, Any]:
    return handle(data, FunctionStorage())


def _nothing_more(data: dict[str, Any], result: None) -> None:
    """The files are gone, and the rows were before them."""


# S3 may be away for long: 20 attempts are spread over two hours.
PATIENT = 20

JOBS: list[Job] = [
    Job(
        "media.render_asset",
        work=_render,
        effect=service.finish_rendering,
        function="media_renditions",
        time_limit=WALL_SECONDS + 60,
        max_attempts=PATIENT,
    ),
    Job("media.remove_files", work=remove_files, effect=_nothing_more, max_attempts=PATIENT),
]
