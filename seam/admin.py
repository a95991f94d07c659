"""Django-admin pages for events and jobs: to look at, and to retry or discard what is parked."""

from __future__ import annotations

import json

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from seam.models import Row
from seam.rows import discard, retry


class RowAdmin(admin.ModelAdmin):
    """Read-only: what a row says is what happened. `change` rights are asked for retrying, `delete` for discarding."""

    list_display = ("name", "status", "attempts", "created_at", "due_at", "done_at", "request_id")
    list_filter = ("status", "name")
    search_fields = ("=id", "=request_id")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ("retry_parked", "discard_parked")
    readonly_fields = ("said", "went_wrong")
    exclude = ("data", "last_error", "lease_token")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return super().has_delete_permission(request)

    @admin.display(description=_("data"))
    def said(self, row: Row) -> str:
        return format_html("<pre>{}</pre>", json.dumps(row.data, indent=2, ensure_ascii=False))

    @admin.display(description=_("last error"))
    def went_wrong(self, row: Row) -> str:
        return format_html("<pre>{}</pre>", row.last_error)

    @admin.action(description=_("Try parked ones again"), permissions=["retry"])
    def retry_parked(self, request: HttpRequest, rows: QuerySet[Row]) -> None:
        count = retry(self.model, [row.pk for row in rows])
        text = ngettext("%(count)s will be tried again.", "%(count)s will be tried again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Discard parked ones"), permissions=["discard"])
    def discard_parked(self, request: HttpRequest, rows: QuerySet[Row]) -> None:
        count = discard(self.model, [row.pk for row in rows])
        text = ngettext("%(count)s was discarded.", "%(count)s were discarded.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
