"""Our outbox and jobs in the admin."""

from django.contrib import admin

from apps.media.models import Job, OutboxEvent
from seam.admin import RowAdmin

admin.site.register([OutboxEvent, Job], RowAdmin)
