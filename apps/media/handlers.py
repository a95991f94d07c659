"""What we do when others speak."""

from seam import Job

SUBSCRIPTIONS: list[Job] = []
