"""`manage.py rpc`: serves this process's contexts to other processes by gRPC."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from seam import inbox
from seam.loop import until_told_to_stop
from seam.registry import registry
from seam.server import Server


class Command(BaseCommand):
    help = "Serve the contracts of this process's contexts by gRPC until SIGTERM; calls in hand are then finished."
    requires_system_checks = ()  # `prepare` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--token",
            metavar="CONTRACT",
            help="serve nothing; print a token with which one may call CONTRACT (media, …) for a minute",
        )

    def handle(self, *args: Any, token: str | None, **options: Any) -> None:
        credentials = registry.credentials
        if credentials is None:
            raise CommandError("Set RPC_PORT, on which to listen, and RPC_KEY; see docs/settings.md.")
        if token is not None:
            if token not in registry.contracts or not credentials.keys:
                raise CommandError(
                    f"A token is for one of {', '.join(registry.contracts)}, and needs RPC_KEY to be set."
                )
            self.stdout.write(credentials.token(token))
            return
        if not settings.RPC_PORT:
            raise CommandError("Set RPC_PORT to the port on which others are to find these contexts.")
        self.check(tags=[Tags.database], databases=[served.alias for served in registry])
        stop = until_told_to_stop()
        kept = [(registry.messages[served.name], served.service) for served in registry]
        server = Server(
            [*kept, (registry.messages["seam"], inbox)], credentials, threads=settings.RPC_THREADS
        )
        address = f"{settings.BIND_ADDRESS}:{settings.RPC_PORT}"
        try:
            server.start(address)
        except RuntimeError as error:
            raise CommandError(
                f"Nobody can listen on {address}: it is taken, or no address of ours."
            ) from error
        self.stdout.write(f"rpc: {', '.join(served.name for served in registry)} at {address}")
        stop.wait()
        server.drain(settings.DRAIN_SECONDS)
        self.stdout.write("rpc: stopped")
