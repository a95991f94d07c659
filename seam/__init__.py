"""PUBLIC: the joints between contexts. It knows no context and imports neither apps nor monolith."""

from seam.binding import use
from seam.contract import ContractError, event
from seam.db import atomic
from seam.jobs import Job, enqueue
from seam.outbox import publish

__all__ = ["ContractError", "Job", "atomic", "enqueue", "event", "publish", "use"]
