"""Contract <-> service, one block per context: mypy reports a service that drifts from its contract."""

from __future__ import annotations

from types import ModuleType

from django.conf import settings

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
from seam.contract import read_contract
from seam.registry import Served, registry

auth: apps.auth.contract.Auth = apps.auth.service
media: apps.media.contract.Media = apps.media.service
catalog: apps.catalog.contract.Catalog = apps.catalog.service

PACKAGES: dict[str, ModuleType] = {"auth": apps.auth, "media": apps.media, "catalog": apps.catalog}


def wire() -> None:
    """Declare every contract, serve the contexts that are here, bind each contract to its keeper."""
    for context in settings.CONTEXTS:
        package = PACKAGES[context.name]
        contract = read_contract(context.name, package.contract)
        registry.declare(contract)
        if context.is_here:
            registry.add(_served(context, package))
            bind(contract, local(contract, package.service))


def _served(context: Context, package: ModuleType) -> Served:
    jobs = [*package.tasks.JOBS, *package.handlers.SUBSCRIPTIONS]
    return Served(
        contract=registry.contracts[context.name],
        label=context.label,
        alias=context.alias,
        service=package.service,
        outbox=package.models.OutboxEvent,
        job_table=package.models.Job,
        jobs={job.name: job for job in jobs},
        queue=context.queue,
    )
