"""The seam as a Django app: commands, checks and translations; no tables of its own."""

from django.apps import AppConfig


class SeamConfig(AppConfig):
    name = "seam"
    label = "seam"

    def ready(self) -> None:
        from seam import checks  # noqa: F401  registers them
