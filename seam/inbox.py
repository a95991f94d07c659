"""Keeps the promise of events.py: what others say becomes jobs of those here who want to hear it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from seam.contract import context_of
from seam.events import JSON, SPECVERSION, Event, Refusal
from seam.jobs import job_row, store
from seam.registry import registry
from seam.request import SANE

MOST = 1000


def deliver(*, events: list[Event]) -> list[Refusal]:
    if len(events) > MOST:
        raise ValueError(f"At most {MOST} events can be delivered at once, not {len(events)}.")
    refused = []
    for name, same in groupby(sorted(events, key=attrgetter("type")), key=attrgetter("type")):
        if registry.subscribers(name):
            fit, unfit = _sorted_out(list(same))
            refused += [*unfit, *keep(name, fit)]
    return refused


def keep(name: str, events: Sequence[Event]) -> list[Refusal]:
    """Store events of one name, whose data were read before, as jobs of whoever here subscribed to it.

    An empty list: what was read is refused by nobody.
    """
    for served, job in registry.subscribers(name):
        jobs = [
            job_row(served, job.name, json.loads(e.data), key=str(e.id), request_id=e.requestid)
            for e in events
        ]
        store(served, jobs, ignore_known=True)
    return []


def _sorted_out(events: Sequence[Event]) -> tuple[list[Event], list[Refusal]]:
    fit, unfit = [], []
    for event in events:
        try:
            _check(event)
            fit.append(event)
        except (ValueError, LookupError) as error:
            unfit.append(Refusal(id=event.id, reason=f"{event.type}: {error}"))
    return fit, unfit


def _check(event: Event) -> None:
    """Raises ValueError or LookupError for an event that no job here could be made of."""
    if (event.specversion, event.datacontenttype) != (SPECVERSION, JSON):
        raise ValueError(f"it must be of CloudEvents {SPECVERSION} with {JSON}")
    if event.source != context_of(event.type):
        raise ValueError(f"{event.source!r} may not say it")
    if event.requestid and not SANE.fullmatch(event.requestid):
        raise ValueError("its requestid is none")
    try:
        data = json.loads(event.data)
    except RecursionError:
        raise ValueError("its data is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("its data must be a JSON object")
    registry.event_codec(event.type).from_json(data)
