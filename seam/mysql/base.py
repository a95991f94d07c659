"""The backend itself: settings.DATABASES names this package as its ENGINE."""

from __future__ import annotations

from django.db import OperationalError
from django.db.backends.mysql import base

from seam import replicas, watcher

# What MySQL's client says of a server that takes no connection.
NO_CONNECTION = 2003


class DatabaseWrapper(base.DatabaseWrapper):
    """A server that hangs would hold each thread for its timeouts; one thread finds out, and the others don't ask."""

    def connect(self) -> None:
        """Raises OperationalError, at once where the server is known to be away."""
        try:
            if watcher.is_away(self.alias):
                raise OperationalError(NO_CONNECTION, f"The server of {self.alias!r} does not answer.")
            super().connect()
        except OperationalError:
            replicas.lost(self.alias)
            raise

    def is_usable(self) -> bool:
        return not watcher.is_away(self.alias) and super().is_usable()
