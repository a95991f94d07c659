"""The catalogue in the admin: which attributes are facets, and items to look at; the editor changes those."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.catalog import service
from apps.catalog.models import Attribute, Item, Job, OutboxEvent
from seam import atomic
from seam.admin import RowAdmin

admin.site.register([OutboxEvent, Job], RowAdmin)


@admin.register(Attribute)
class AttributeAdmin(admin.ModelAdmin):
    """Attributes come to be when an item names them; here one says how they are shown."""

    list_display = ("label", "key", "is_facet", "is_browsable", "position")
    fields = ("label", "key", "translations", "is_facet", "is_browsable", "position")
    readonly_fields = ("key", "label", "translations")
    ordering = ("position", "label")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Attribute | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Attribute, form: Any, change: bool) -> None:
        with atomic("catalog"):
            service.change_attribute(obj)


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):
    list_display = ("title", "subtitle", "is_published", "changed_at")
    list_filter = ("is_published",)
    search_fields = ("=slug", "=id")
    search_help_text = _("The whole address or id of an item")
    ordering = ("-changed_at", "-id")
    show_full_result_count = False
    fields = ("title", "slug", "description", "price", "currency", "is_published", "published_at", "owner_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Item | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Item | None = None) -> bool:
        return False
