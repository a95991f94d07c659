"""The composition root as a Django app: binds every contract once Django's models are loaded."""

from django.apps import AppConfig


class MonolithConfig(AppConfig):
    name = "monolith"
    label = "monolith"

    def ready(self) -> None:
        from monolith import wiring

        wiring.wire_up()
