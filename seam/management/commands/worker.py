"""`manage.py worker`: runs the jobs of the contexts here, in its own threads or as the broker hands them out."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections, connections

from seam.dispatch import carrier
from seam.heartbeat import SignOfLife, Watch
from seam.jobs import run_due
from seam.loop import poll, run_loops, until_told_to_stop
from seam.orphans import die_with_parent, end_at_once
from seam.registry import Served, registry

LOOK_EVERY = 2.0


class Command(BaseCommand):
    help = "Run the jobs of this process's contexts until SIGTERM; what is in hand then is finished."
    requires_system_checks = ()  # `prepare` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=at_least_one,
            default=settings.WORKER_CONCURRENCY,
            help="how many jobs run at once (default: WORKER_CONCURRENCY, %(default)s)",
        )
        parser.add_argument(
            "--context",
            action="append",
            choices=[served.name for served in registry],
            help="run only the jobs of this context; may be given more than once (default: all that are here)",
        )

    def handle(self, *args: Any, concurrency: int, context: list[str] | None, **options: Any) -> None:
        contexts = [served for served in registry if served.name in (context or [served.name])]
        self.check(tags=[Tags.database], databases=[served.alias for served in contexts])
        broker, name = carrier(), f"{secrets.token_hex(4)}@{socket.gethostname()}"
        self.watch = Watch(name, contexts, carried=broker is not None)
        self.life = SignOfLife(settings.LIFE_DIR)
        try:
            self.life.give()
        except OSError as error:
            raise CommandError(
                f"LIFE_DIR {settings.LIFE_DIR} can't be written ({error.strerror}). Name a folder of this machine's "
                "own that can."
            ) from error
        names = ", ".join(served.name for served in contexts)
        try:
            if broker:
                self.stdout.write(
                    f"worker: {concurrency} processes for {names}, as the broker hands jobs out"
                )
                queues = [served.queue for served in contexts]
                self.watch_over(partial(broker.work, queues=queues, concurrency=concurrency, worker=name))
            else:
                self.stdout.write(f"worker: {concurrency} threads for {names}")
                self.work(contexts, name, concurrency)
            self.watch.end()
        finally:
            self.life.end()
        self.stdout.write("worker: stopped")

    def work(self, contexts: Sequence[Served], name: str, concurrency: int) -> None:
        """Run jobs in threads of this process; one more watches them."""
        stop = until_told_to_stop()

        def run_one_of_each() -> int:
            """One job of each context in turn, so that a long queue of one keeps nobody waiting."""
            return sum(run_due(served, worker=name) for served in contexts)

        def look() -> int:
            if deaf := self.look():
                self.life.end()
                self.stderr.write(deaf)
                os._exit(1)  # a thread that hangs can't be ended
            return 0

        loops = [partial(poll, run_one_of_each, stop)] * concurrency
        run_loops([*loops, partial(poll, look, stop, idle=LOOK_EVERY)], stop)

    def watch_over(self, work: Callable[[], None]) -> None:
        """Let a child process work, and end with it: when it is told to, by itself, or because it is deaf.

        The one that watches is the parent: in a container it is process 1, which nobody inside can kill.
        """
        connections.close_all()  # no process must share the connection of another
        child = multiprocessing.get_context("fork").Process(target=as_child, args=(work, os.getpid()))
        child.start()
        stop = until_told_to_stop()
        while child.is_alive() and not stop.wait(LOOK_EVERY):
            close_old_connections()
            deaf = self.look()
            if deaf and child.pid:
                end_at_once(child.pid)
                raise CommandError(deaf)
        if not stop.is_set():
            raise CommandError(f"The process that did the jobs ended by itself, with {child.exitcode}.")
        child.terminate()
        child.join()
        if child.exitcode:
            raise CommandError(f"The process that did the jobs ended with {child.exitcode}.")

    def look(self) -> str:
        """What stands still. A sign of life where nothing does."""
        deaf = " ".join(self.watch.look())
        if not deaf:
            self.life.give()
        return deaf


def as_child(work: Callable[[], None], parent: int) -> None:
    die_with_parent(parent)
    work()


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of jobs, at least 1, is needed and not {text!r}")
    return int(text)
