"""The two small tables each context keeps in its own database, as abstract models."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from seam.rows import Status


class Row(models.Model):
    """Work that is a row until it is done: whatever carries it may lose it, the row may not.

    `due_at`: nobody looks at it earlier. `lease_until`: somebody holds it, with `lease_token`, until then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    data = models.JSONField(_("data"), default=dict)
    request_id = models.CharField(_("request id"), max_length=64, blank=True, default="")
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.WAITING)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    due_at = models.DateTimeField(_("due at"), default=timezone.now)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True, default="")
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class OutboxEvent(Row):
    """An event that this context said; its id is the event's id."""

    class Meta:
        abstract = True
        verbose_name = _("outgoing event")
        verbose_name_plural = _("outgoing events")
        indexes = [models.Index(fields=["status", "due_at"], name="%(app_label)s_outbox_due")]


class Job(Row):
    """Something this context has to do: an event it heard or a job of its own; once per name and key."""

    key = models.CharField(_("key"), max_length=100)

    class Meta:
        abstract = True
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["status", "due_at"], name="%(app_label)s_job_due")]
        constraints = [models.UniqueConstraint(fields=["name", "key"], name="%(app_label)s_job_once")]
