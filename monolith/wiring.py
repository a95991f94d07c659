"""Contract <-> whoever keeps it, one block per context: mypy reports a service that drifts from its contract."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

import seam.events
from monolith.edge import Forgetting
from monolith.topology import Context
from seam.binding import bind, local
from seam.contract import Contract, read_contract
from seam.jobs import by_name
from seam.registry import Served, registry
from seam.wire import wire

if TYPE_CHECKING:
    import apps.auth.contract
    import apps.auth.service
    import apps.catalog.contract
    import apps.catalog.service
    import apps.media.contract
    import apps.media.service

    # Only a context that is here can be imported whole, so this is for mypy's eyes.
    auth: apps.auth.contract.Auth = apps.auth.service
    media: apps.media.contract.Media = apps.media.service
    catalog: apps.catalog.contract.Catalog = apps.catalog.service

BINDINGS: dict[str, Callable[[Contract, ModuleType], Any]] = {"local": local, "wire": wire}


def wire_up() -> None:
    """Declare every contract, serve the contexts that are here, bind each contract to its keeper."""
    for context in settings.CONTEXTS:
        registry.declare(read_contract(context.name, import_module(f"{context.app}.contract")))
        if context.is_here:
            registry.add(_served(context))
    registry.declare(read_contract("seam", seam.events))
    bind_all(settings.BINDING)
    if settings.EDGE:
        registry.receivers["edge"] = Forgetting(settings.EDGE.cache())
    if settings.RPC_PORT or len(settings.HERE) < len(settings.CONTEXTS):
        bind_elsewhere()


def bind_all(binding: str) -> None:
    """Bind the contract of every context that is here. Raises ImproperlyConfigured for an unknown binding."""
    if binding not in BINDINGS:
        raise ImproperlyConfigured(
            f"BINDING={binding!r} is unknown; it must be one of {', '.join(BINDINGS)}."
        )
    for served in registry:
        bind(served.contract, BINDINGS[binding](served.contract, served.service))


def bind_elsewhere() -> None:
    """Bind the contract of every other context to the process that serves it, which also hears our events."""
    # Imported where it is needed: a site in one process pays nothing for gRPC.
    from seam.credentials import Credentials
    from seam.peer import Peer
    from seam.remote import remote

    trust = settings.RPC_TRUST
    us = "+".join(context.name for context in settings.HERE)
    registry.credentials = Credentials(us, trust.keys, trust.tls)
    elsewhere = [context for context in settings.CONTEXTS if not context.is_here]
    # A slow one must not fill our threads: those that are left answer what needs nothing of it.
    at_once = max(1, settings.WEB_THREADS // 4)
    peers = {c.location: Peer(c.addresses, registry.credentials, at_once=at_once) for c in elsewhere}
    for context in elsewhere:
        contract = registry.contracts[context.name]
        bind(contract, remote(contract, peers[context.location]))
    events = registry.contracts["seam"]
    registry.receivers |= {location: remote(events, peer) for location, peer in peers.items()}


def _served(context: Context) -> Served:
    service, models, tasks, handlers = (
        import_module(f"{context.app}.{part}") for part in ("service", "models", "tasks", "handlers")
    )
    return Served(
        contract=registry.contracts[context.name],
        label=context.label,
        alias=context.alias,
        service=service,
        outbox=models.OutboxEvent,
        job_table=models.Job,
        jobs=by_name(context.name, [*tasks.JOBS, *handlers.SUBSCRIPTIONS]),
        queue=context.queue,
        replicas=tuple(context.replicas),
    )
