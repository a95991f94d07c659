"""Jobs of our own: shells of a few lines around service.py or functions/."""

from seam import Job

JOBS: list[Job] = []
