"""The seam as a Django app: commands, templates and translations; no tables of its own."""

from django.apps import AppConfig


class SeamConfig(AppConfig):
    name = "seam"
    label = "seam"
