"""For editors: a page from which the whole catalogue is taken along, as a file and the mapping that explains it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.auth.client import require_role
from apps.auth.contract import Role
from apps.catalog.exporting.formats import ENDINGS, FORMATS, written
from apps.catalog.exporting.mapping import mapping
from apps.catalog.exporting.records import columns, records

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "jsonl": "application/jsonl",
    "json": "application/json",
}
COMPRESSED = {"gzip": "application/gzip", "zstd": "application/zstd"}

editors_only = require_role(Role.EDITOR)


@require_safe
@editors_only
def page(request: HttpRequest) -> HttpResponse:
    """Which formats there are."""
    return render(request, "catalog/editor/export.html", {"formats": list(FORMATS)})


@require_safe
@editors_only
def file(request: HttpRequest, name: str) -> HttpResponseBase:
    return exported(request, name)


def exported(request: HttpRequest, name: str) -> HttpResponseBase:
    """`catalogue.csv`, `catalogue.csv.gz` …: every item, drafts too, as a stream."""
    found = {
        f"catalogue.{format_}{ending}": (format_, compression)
        for format_ in FORMATS
        for compression, ending in ENDINGS.items()
    }
    if name not in found:
        raise Http404
    format_, compression = found[name]
    known = columns()
    pieces = written(format_, records(known), known, compression) if request.method == "GET" else []
    response = StreamingHttpResponse(pieces, content_type=COMPRESSED.get(compression, TYPES[format_]))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@editors_only
def mapping_file(request: HttpRequest, format_: str) -> HttpResponse:
    return explained(format_)


def explained(format_: str) -> HttpResponse:
    """What import_catalog is to be told of such a file."""
    if format_ not in FORMATS:
        raise Http404
    response = HttpResponse(mapping(format_, columns()), content_type="application/toml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="catalogue.{format_}.toml"'
    return response
