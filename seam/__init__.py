"""PUBLIC: the joints between contexts. It knows no context and imports neither apps nor monolith."""

from seam.binding import use
from seam.contract import ContractError, event
from seam.db import atomic
from seam.functions import Files, Function
from seam.jobs import Job, enqueue
from seam.outbox import publish
from seam.sensitive import Sensitive

__all__ = [
    "ContractError",
    "Files",
    "Function",
    "Job",
    "Sensitive",
    "atomic",
    "enqueue",
    "event",
    "publish",
    "use",
]
