"""Pictures in the admin: to look at, and to delete; people change their own on their own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.media import service
from apps.media.models import Asset, Job, OutboxEvent
from apps.media.storage import renditions
from seam import atomic
from seam.admin import RowAdmin

admin.site.register([OutboxEvent, Job], RowAdmin)


@admin.register(Asset)
class AssetAdmin(admin.ModelAdmin):
    list_display = ("small", "__str__", "owner_id", "state", "size", "created_at")
    list_display_links = ("small", "__str__")
    list_filter = ("original__status",)
    list_select_related = ("original",)
    search_fields = ("=owner_id", "title", "file_name")
    ordering = ("-created_at",)
    show_full_result_count = False
    fields = ("small", "title", "alt", "owner_id", "file_name", "state", "reason", "size", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Asset | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Asset) -> None:
        service.delete_asset(owner_id=obj.owner_id, asset_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        with atomic("media"):
            service.remove(queryset.select_related("original"))

    @admin.display(description="")
    def small(self, asset: Asset) -> Any:
        files = asset.original.renditions
        name = files[-1]["name"] if files else None
        return format_html('<img src="{}" alt="" width="64">', renditions().url(name)) if name else "–"

    @admin.display(description=_("state"), ordering="original__status")
    def state(self, asset: Asset) -> str:
        return asset.original.get_status_display()

    @admin.display(description=_("reason"))
    def reason(self, asset: Asset) -> str:
        return asset.reason or "–"

    @admin.display(description=_("size"))
    def size(self, asset: Asset) -> str:
        return f"{asset.original.width} × {asset.original.height}"
