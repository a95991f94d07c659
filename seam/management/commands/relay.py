"""`manage.py relay`: hands events from every outbox here to those who subscribed."""

from django.core.management.base import BaseCommand

from seam.loop import poll, until_told_to_stop
from seam.outbox import relay_once
from seam.registry import registry


class Command(BaseCommand):
    help = "Hand events from the outboxes of this process's contexts to their subscribers, until SIGTERM."

    def handle(self, *args: object, **options: object) -> None:
        stop = until_told_to_stop()
        self.stdout.write("relay: carrying events")
        poll(lambda: sum(relay_once(served) for served in registry), stop)
        self.stdout.write("relay: stopped")
