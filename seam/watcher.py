"""How the MySQL servers fare: which one is away, and how far each replica is behind. Asked by threads of their own.

How far behind is told by positions, which any account may read, and not by clocks: a replica that has what its
primary had a second ago is a second behind. docs/decisions/0086-how-far-behind.md has the reasons.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import connections

from seam.registry import registry

log = logging.getLogger(__name__)

TICK = 0.5  # seconds between two questions
PATIENCE = 1  # seconds for an answer; MySQL's client takes whole ones
MOST_BEHIND = 2.0  # seconds; a replica that is more is left out
TRUST = 3.0  # seconds that an answer counts: a thread that got stuck lets nobody read what is old
REMEMBERED = 20.0  # seconds of a primary's positions: whoever is further behind is out anyway
# Below it errors are the server's own, and one that refuses us is there; from it on they are the client's.
CLIENT_ERRORS = 2000

# From each source of transactions (a domain, a server) the number of its last one.
Position = Mapping[str, int]


def position(text: str) -> dict[str, int]:
    """Of MariaDB, `0-1-1234,1-2-7` (domain-server-number), or of MySQL, `uuid:1-5:7-9,…` (server:ranges)."""
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        if ":" in part:
            source, _, ranges = part.partition(":")
            number = max(int(r.rpartition("-")[2]) for r in ranges.split(":") if r[-1:].isdigit())
        else:
            source, _server, last = part.split("-")
            number = int(last)
        found[source] = max(number, found.get(source, 0))
    return found


def reaches(one: Position, other: Position) -> bool:
    """Whether `one` has all that `other` has."""
    return all(one.get(source, -1) >= number for source, number in other.items())


class Server:
    """A server as one alias of the databases reaches it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.is_away = False
        self.answered_at = -TRUST
        self._connection: Any = None

    def watch(self) -> None:
        """Ask for ever."""
        while True:
            try:
                self.look()
            except Exception:  # it is there; how far it is behind can't be told
                log.exception("what the server of %s answers makes no sense", self.alias)
                self._connection, self.is_away = None, False
            time.sleep(TICK)

    def look(self) -> None:
        """Ask once, and note what came of it."""
        import MySQLdb

        asked_at = time.monotonic()
        try:
            told = self._ask()
        except MySQLdb.Error as error:
            self._connection = None
            self._note_away(bool(error.args) and int(error.args[0]) >= CLIENT_ERRORS, error)
        else:
            self._note_away(False, None)
            self.note(position(told), asked_at)

    def note(self, told: Position, asked_at: float) -> None:
        self.answered_at = asked_at

    def _ask(self) -> str:
        connection = self._connection = self._connection or self._connected()
        variable = self._variable(is_mariadb="MariaDB" in connection.get_server_info())
        connection.query(f"SELECT @@GLOBAL.{variable}")
        value = connection.store_result().fetch_row()[0][0]
        return (value.decode() if isinstance(value, bytes) else value).replace("\n", "")

    def _connected(self) -> Any:
        import MySQLdb

        parameters: dict[str, Any] = connections[self.alias].get_connection_params()
        patience = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), PATIENCE)
        # No database: it may not have been made yet.
        return MySQLdb.connect(
            **{k: v for k, v in parameters.items() if k not in ("db", "database")} | patience
        )

    def _variable(self, *, is_mariadb: bool) -> str:
        return "gtid_binlog_pos" if is_mariadb else "gtid_executed"

    def _note_away(self, is_away: bool, error: Exception | None) -> None:
        if is_away != self.is_away:
            log.warning(
                "the server of %s %s", self.alias, f"is away: {error}" if is_away else "answers again"
            )
        self.is_away = is_away


class Primary(Server):
    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self._positions: deque[tuple[float, Position]] = deque()

    def note(self, told: Position, asked_at: float) -> None:
        super().note(told, asked_at)
        self._positions.append((asked_at, told))
        while self._positions[0][0] < asked_at - REMEMBERED:
            self._positions.popleft()

    def behind(self, replica: Position) -> float | None:
        """How many seconds what is there was behind us when we last answered; None where that can't be told."""
        # A copy: the thread that asks us appends meanwhile.
        positions = list(self._positions)
        for at, told in reversed(positions):
            if told and reaches(replica, told):
                return positions[-1][0] - at
        return None


class Replica(Server):
    def __init__(self, alias: str, primary: Primary) -> None:
        super().__init__(alias)
        self.primary = primary
        self.behind: float | None = None
        self._was_usable = True

    @property
    def is_usable(self) -> bool:
        is_recent = time.monotonic() - self.answered_at < TRUST
        return is_recent and not self.is_away and self.behind is not None and self.behind <= MOST_BEHIND

    def note(self, told: Position, asked_at: float) -> None:
        self.behind = self.primary.behind(told)
        super().note(told, asked_at)
        if self.is_usable != self._was_usable:
            self._was_usable = self.is_usable
            log.warning("%s is %s", self.alias, self.state)

    @property
    def state(self) -> str:
        if self.is_usable:
            return "ok"
        if self.is_away:
            return "left out: it does not answer"
        return "left out: " + (
            f"{self.behind:.1f} s behind" if self.behind is not None else "how far it is behind can't be told"
        )

    def leave_out(self) -> None:
        """Somebody found that it fails; nobody reads from it until it was asked again."""
        self.answered_at = -TRUST

    def _variable(self, *, is_mariadb: bool) -> str:
        return "gtid_slave_pos" if is_mariadb else "gtid_executed"


S = TypeVar("S", bound=Server)


class Watcher:
    """The servers this process has to do with. Its threads begin when one is first asked for, and after a fork anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._servers: dict[str, Server] = {}

    def server(self, alias: str) -> Server:
        if self._pid == os.getpid() and alias in self._servers:
            return self._servers[alias]
        with self._lock:
            if self._pid != os.getpid():
                self._forget()
            return self._servers.get(alias) or self._begin(alias)

    def _begin(self, alias: str) -> Server:
        primary_alias = alias.partition(".")[0]
        known = self._servers.get(primary_alias)
        primary = known if isinstance(known, Primary) else self._started(Primary(primary_alias))
        return primary if alias == primary_alias else self._started(Replica(alias, primary))

    def _started(self, server: S) -> S:
        self._servers[server.alias] = server
        threading.Thread(target=server.watch, name=f"watch-{server.alias}", daemon=True).start()
        return server


_watcher = Watcher()


def is_away(alias: str) -> bool:
    """Whether the server of that alias did not answer when it was last asked, a moment ago."""
    # Django makes connections of its own besides, to make databases for tests.
    return alias in connections.settings and _watcher.server(alias).is_away


def replica(alias: str) -> Replica:
    """How a replica fares. Raises TypeError for an alias that is none."""
    server = _watcher.server(alias)
    if not isinstance(server, Replica):
        raise TypeError(f"{alias!r} is no replica.")
    return server


def cannot_save() -> bool:
    """Whether a database that this process writes to is away. Asks nobody, and nothing of a SQLite file."""
    from django.conf import settings

    return any(
        is_away(served.alias)
        for served in registry
        if settings.DATABASES[served.alias]["ENGINE"] == "seam.mysql"
    )
