"""Keeps the promise of events.py: what others say becomes jobs of those here who want to hear it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from seam.codec import InvalidMessage
from seam.contract import context_of
from seam.events import Event, Refusal
from seam.jobs import job_row, store
from seam.registry import registry
from seam.request import SANE

MOST = 1000


def deliver(*, events: list[Event]) -> list[Refusal]:
    if len(events) > MOST:
        raise InvalidMessage(f"At most {MOST} events can be delivered at once, not {len(events)}.")
    refused = []
    for name, same in groupby(sorted(events, key=attrgetter("type")), key=attrgetter("type")):
        if registry.subscribers(name):
            fit, unfit = _sorted_out(list(same))
            keep(name, fit)
            refused += unfit
    return refused


def keep(name: str, events: Sequence[Event]) -> None:
    """Store events of one name, whose data were read before, as jobs of whoever here subscribed to it."""
    for served, job in registry.subscribers(name):
        jobs = [
            job_row(served, job.name, json.loads(e.data), key=str(e.id), request_id=e.requestid)
            for e in events
        ]
        store(served, jobs, ignore_known=True)


def _sorted_out(events: Sequence[Event]) -> tuple[list[Event], list[Refusal]]:
    fit, unfit = [], []
    for event in events:
        try:
            _check(event)
            fit.append(event)
        except (ValueError, LookupError) as error:  # InvalidMessage is a ValueError
            unfit.append(Refusal(id=event.id, reason=f"{event.type}: {error}"))
    return fit, unfit


def _check(event: Event) -> None:
    if event.source != context_of(event.type):
        raise InvalidMessage(f"{event.source!r} may not say it")
    if event.requestid and not SANE.fullmatch(event.requestid):
        raise InvalidMessage("its requestid is none")
    registry.event_codec(event.type).from_json(json.loads(event.data))
