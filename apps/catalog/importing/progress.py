"""How far the import is: a bar with rate and time left on a terminal, plain lines otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from apps.catalog.importing.run import Report
from apps.catalog.importing.sources import Source

LINE_EVERY = 5.0

Show = Callable[[Report], None]


@contextmanager
def progress(source: Source, out: OutputWrapper) -> Iterator[Show]:
    """Call what it gives after each batch."""
    began = time.monotonic()
    if out.isatty():
        with _bar() as bar:
            task = bar.add_task(source.name, total=source.size, records=0, rate=0)

            def show(report: Report) -> None:
                rate = _rate(report, began)
                bar.update(task, completed=source.done, records=f"{report.read:,}", rate=f"{rate:,.0f}")

            yield show
    else:
        yield _lines(source, out, began)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(_("{task.fields[records]} records, {task.fields[rate]}/s")),
        TimeRemainingColumn(),
        console=Console(),
    )


def _lines(source: Source, out: OutputWrapper, began: float) -> Show:
    last = began

    def show(report: Report) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_EVERY:
            last = now
            out.write(_line(report, source, began, now))
            out.flush()

    return show


def _line(report: Report, source: Source, began: float, now: float) -> str:
    said = _("%(records)s records, %(rate)s/s") % {
        "records": f"{report.read:,}",
        "rate": f"{_rate(report, began):,.0f}",
    }
    if source.size and source.done:
        share = source.done / source.size
        said += _(", %(percent)d %% read, about %(seconds)d s left") % {
            "percent": share * 100,
            "seconds": (now - began) * (1 - share) / share,
        }
    return said


def _rate(report: Report, began: float) -> float:
    return report.read / max(time.monotonic() - began, 0.001)
