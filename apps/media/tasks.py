"""Jobs of our own: shells of a few lines around service.py or functions/."""

from __future__ import annotations

from typing import Any

from apps.media import service
from apps.media.contract import RenditionsRemoved
from apps.media.storage import originals, remove_files, renditions, tag_of
from apps.media.sweeping import sweep_daily
from functions.media_renditions.handler import WALL_SECONDS, handle, names
from seam import Files, Function, Job, publish


def _files(data: dict[str, Any]) -> Files:
    original = data["original"]
    made = {name: (renditions(), content_type) for name, content_type in names(original).items()}
    return Files(read={original: originals()}, write=made)


def _nothing_more(data: dict[str, Any], result: None) -> None:
    """All was done by the work."""


def _say_they_are_gone(data: dict[str, Any], result: None) -> None:
    """The files are gone, and the rows were before them; what keeps copies of the files is told now."""
    if data["renditions"]:
        publish(RenditionsRemoved(tags=sorted(set(map(tag_of, data["renditions"])))))


# S3 may be away for long: 20 attempts are spread over two hours.
PATIENT = 20

JOBS: list[Job] = [
    Job(
        "media.render_asset",
        function=Function("media_renditions", handle, files=_files),
        effect=service.finish_rendering,
        time_limit=WALL_SECONDS + 60,
        max_attempts=PATIENT,
    ),
    # Millions of files take longer: for those there is `manage.py sweep_media`.
    Job("media.sweep", work=sweep_daily, effect=_nothing_more, time_limit=20 * 60, max_attempts=3),
    Job("media.remove_files", work=remove_files, effect=_say_they_are_gone, max_attempts=PATIENT),
]
