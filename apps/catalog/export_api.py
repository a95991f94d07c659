"""REST: the whole catalogue as a file, for editors, under /api/v1/catalog/export/."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from apps.auth.client import IsEditor
from apps.catalog import export_views
from apps.catalog.api import CatalogView


class ExportView(CatalogView):
    permission_classes = [IsEditor]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The name says what the file is, whatever is accepted; only an error is JSON or XML."""
        return super().perform_content_negotiation(request, force=True)


class Export(ExportView):
    def get(self, request: Request, name: str) -> HttpResponseBase:
        return export_views.exported(request._request, name)


class Mapping(ExportView):
    def get(self, request: Request, format_: str) -> HttpResponseBase:
        return export_views.explained(format_)
