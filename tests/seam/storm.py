"""The kill storm: events on their way while workers, broker and relay are killed; what was lost, or done twice."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from tests.seam.workplace import Workplace
from tests.servers import Redis, Server

DOWN_SECONDS = 1.0
PATIENCE = 300.0


@dataclass
class Outcome:
    """How a storm ended. `seconds` from the last fault until all was done."""

    events: int
    lost: int = 0
    twice: int = 0
    parked: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    ended: int = 0  # processes that ended without being killed, and were started again


@dataclass
class Storm:
    """Every fault comes when its share of the events was done, so all of them meet work in hand."""

    place: Workplace
    broker: Redis | None
    events: int
    writers: int = 4
    workers: int = 2
    concurrency: int = 2
    relays: int = 1
    seed: int = 3
    running: dict[str, Server] = field(default_factory=dict)

    def rage(self, *, workers: int, brokers: int, relays: int) -> Outcome:
        """Raises AssertionError where not all is done within PATIENCE seconds after the last fault."""
        outcome = Outcome(self.events)
        faults = [self.kill_worker] * workers + [self.kill_broker] * brokers + [self.kill_relay] * relays
        chance = random.Random(self.seed)
        chance.shuffle(faults)
        self.parts = cycle(["worker", "main", "child"] if self.broker else ["worker"])
        for number in range(self.relays):
            self.start(f"relay {number}")
        for number in range(self.workers):
            self.start(f"worker {number}")
        say = self.place.start("probe", "say", str(self.events), str(self.writers))
        began = time.monotonic()
        for number, fault in enumerate(faults, start=1):
            share = self.events * number // (len(faults) + 1)
            self.wait_until_done(share, outcome)
            outcome.faults.append(fault(chance))
            print(f"{time.monotonic() - began:6.1f} s  {share:6d} done  {outcome.faults[-1]}", flush=True)
        last = time.monotonic()
        self.wait_until_done(self.events, outcome)
        self.place.wait(lambda: self.left() == 0, "every row is done", PATIENCE)
        outcome.seconds = time.monotonic() - last
        assert say.process is not None
        assert say.process.wait(60) == 0, say.output()
        time.sleep(1)  # what comes twice may come late
        count = self.place.number("media", "SELECT COUNT(*) FROM probe_done")
        distinct = self.done()
        outcome.lost, outcome.twice = self.events - distinct, count - distinct
        outcome.parked = self.parked()
        return outcome

    def start(self, name: str) -> None:
        what = name.partition(" ")[0]
        options = ["--concurrency", str(self.concurrency)] if what == "worker" else []
        self.running[name] = self.place.start(what, *options)

    def tend(self) -> int:
        """Start again what ended, as whatever runs containers would; how many had."""
        ended = [
            name
            for name, server in self.running.items()
            if server.process and server.process.poll() is not None
        ]
        for name in ended:
            self.running[name].kill()  # and whatever it left behind
            self.start(name)
        return len(ended)

    def wait_until_done(self, share: int, outcome: Outcome) -> None:
        def enough() -> bool:
            outcome.ended += self.tend()
            return self.done() >= share

        self.place.wait(enough, f"{share} of {self.events} events done", PATIENCE)

    def done(self) -> int:
        return self.place.number("media", "SELECT COUNT(DISTINCT what) FROM probe_done")

    def left(self) -> int:
        events = "SELECT COUNT(*) FROM catalog_outboxevent WHERE status = 'waiting'"
        jobs = "SELECT COUNT(*) FROM media_job WHERE status = 'waiting' AND name = 'media.on_probe'"
        return self.place.number("catalog", events) + self.place.number("media", jobs)

    def parked(self) -> int:
        events = "SELECT COUNT(*) FROM catalog_outboxevent WHERE status = 'parked'"
        jobs = "SELECT COUNT(*) FROM media_job WHERE status = 'parked'"
        return self.place.number("catalog", events) + self.place.number("media", jobs)

    def kill_worker(self, chance: random.Random) -> str:
        """The whole of a worker, the process in it that talks to the broker, or one that does jobs, in turn."""
        part = next(self.parts)
        found = {name: self.victims(name, part) for name in self.running if name.startswith("worker")}
        # One that was just started again has nothing yet to be killed apart.
        name = chance.choice([name for name in found if found[name]] or list(found))
        if not found[name] or part == "worker":
            self.running[name].kill()
            self.start(name)
            return f"{name} killed"
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found[name]), signal.SIGKILL)
        return f"{name}: its {part} process killed"

    def victims(self, name: str, part: str) -> list[int]:
        process = self.running[name].process
        assert process is not None
        main = children(process.pid)
        return {"worker": [process.pid], "main": main, "child": [c for m in main for c in children(m)]}[part]

    def kill_relay(self, chance: random.Random) -> str:
        name = chance.choice([name for name in self.running if name.startswith("relay")])
        self.running[name].kill()
        self.start(name)
        return f"{name} killed"

    def kill_broker(self, chance: random.Random) -> str:
        assert self.broker is not None
        self.broker.kill()
        time.sleep(DOWN_SECONDS)
        self.broker.start()
        return "broker killed"


def children(process: int) -> list[int]:
    """The processes that a process started."""
    try:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []
