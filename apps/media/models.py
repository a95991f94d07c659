"""Our tables, our outbox and inbox."""

import seam.models


class OutboxEvent(seam.models.OutboxEvent):
    pass


class Job(seam.models.Job):
    pass
