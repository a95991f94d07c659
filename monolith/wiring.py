"""Contract <-> service, one block per context: mypy reports a service that drifts from its contract."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

import apps.auth.contract
import apps.auth.handlers
import apps.auth.models
import apps.auth.service
import apps.auth.tasks
import apps.catalog.contract
import apps.catalog.handlers
import apps.catalog.models
import apps.catalog.service
import apps.catalog.tasks
import apps.media.contract
import apps.media.handlers
import apps.media.models
import apps.media.service
import apps.media.tasks
from monolith.topology import Context
from seam.binding import bind, local
from seam.contract import Contract, read_contract
from seam.jobs import by_name
from seam.registry import Served, registry
from seam.wire import wire

auth: apps.auth.contract.Auth = apps.auth.service
media: apps.media.contract.Media = apps.media.service
catalog: apps.catalog.contract.Catalog = apps.catalog.service

PACKAGES: dict[str, ModuleType] = {"auth": apps.auth, "media": apps.media, "catalog": apps.catalog}


BINDINGS: dict[str, Callable[[Contract, ModuleType], Any]] = {"local": local, "wire": wire}


def wire_up() -> None:
    """Declare every contract, serve the contexts that are here, bind each contract to its keeper."""
    for context in settings.CONTEXTS:
        contract = read_contract(context.name, PACKAGES[context.name].contract)
        registry.declare(contract)
        if context.is_here:
            registry.add(_served(context, PACKAGES[context.name]))
    bind_all(settings.BINDING)


def bind_all(binding: str) -> None:
    """Bind the contract of every context that is here. Raises ImproperlyConfigured for an unknown binding."""
    if binding not in BINDINGS:
        raise ImproperlyConfigured(
            f"BINDING={binding!r} is unknown; it must be one of {', '.join(BINDINGS)}."
        )
    for served in registry:
        bind(served.contract, BINDINGS[binding](served.contract, served.service))


def _served(context: Context, package: ModuleType) -> Served:
    return Served(
        contract=registry.contracts[context.name],
        label=context.label,
        alias=context.alias,
        service=package.service,
        outbox=package.models.OutboxEvent,
        job_table=package.models.Job,
        jobs=by_name(context.name, [*package.tasks.JOBS, *package.handlers.SUBSCRIPTIONS]),
        queue=context.queue,
    )
