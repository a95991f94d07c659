"""What the API promises: the OpenAPI document, and the same as a page for people."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from monolith.rest.problems import SAID
from seam import ContractError
from seam.registry import registry

FILE = Path(__file__).with_name("openapi.yaml")
CODE = re.compile(r"`([^`]+)`")
SAYING = {"uuid", "date-time", "binary"}  # formats that tell a reader something
METHODS = ("get", "post", "put", "patch", "delete")
# Where an error of the framework's may come from: its code begins with the context, or with this.
ANYWHERE = "api"


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the file, named as the site is."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found | {"info": found["info"] | {"title": settings.SITE_NAME}}


@require_safe
@cache_control(public=True, max_age=3600)
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every operation, and every code of an error, which is where `type` of a problem leads."""
    context = {"groups": _groups(get_language() or "en"), "errors": _errors(), "site": settings.SITE_URL}
    return render(request, "reference.html", context)


def _groups(language: str) -> list[dict[str, Any]]:
    found = document()
    suffix = "-es" if language == "es" else ""
    operations = [
        _operation(path, method, about[method], about.get("parameters", []), language)
        for path, about in found["paths"].items()
        for method in METHODS
        if method in about
    ]
    return [
        {
            "title": tag[f"x-title{suffix}"],
            "operations": [operation for operation in operations if operation["tag"] == tag["name"]],
        }
        for tag in found["tags"]
    ]


def _operation(
    path: str, method: str, about: dict[str, Any], shared: list[Any], language: str
) -> dict[str, Any]:
    parameters = [_resolved(one) for one in [*shared, *about.get("parameters", [])]]
    body = _resolved(about.get("requestBody", {}))
    scopes = [scope for way in about.get("security", []) for scope in way.get("token", [])]
    return {
        "id": about["operationId"],
        "tag": about["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": marked(about["x-summary-es" if language == "es" else "summary"]),
        "scope": scopes[0] if scopes else "",
        "parameters": [
            _told(one["name"], one, one["schema"], one.get("required", False)) for one in parameters
        ],
        "fields": _fields(next(iter(body["content"].values()))["schema"]) if body else [],
    }


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    schema = _resolved(schema)
    return [
        _told(name, _resolved(about), about, name in schema.get("required", []))
        for name, about in schema["properties"].items()
    ]


def _told(name: str, about: dict[str, Any], schema: dict[str, Any], needed: bool) -> dict[str, Any]:
    """A parameter or a field: `in` is empty of a field."""
    schema = _resolved(schema)
    return {
        "name": name,
        "in": about.get("in", ""),
        "type": type_of(schema),
        "needed": needed,
        "default": schema.get("default"),
        "about": marked(about.get("description", "")),
    }


def type_of(schema: dict[str, Any]) -> str:
    """As programmers write it: `string (uuid)`, `integer 1…100`, `array of string, at most 12`, `text | number`."""
    schema = _resolved(schema)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kinds = schema.get("type", "any")
    kind = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        kind = f"array of {type_of(schema.get('items', {}))}"
    if schema.get("format") in SAYING:
        kind = f"{kind} ({schema['format']})"
    return kind + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None or most is not None:
        return f" {'' if least is None else least}…{'' if most is None else most}"
    length = schema.get("maxLength", schema.get("maxItems"))
    return f", at most {length}" if length else ""


def marked(text: str) -> SafeString:
    """What stands in backticks as code."""
    return mark_safe(CODE.sub(r"<code>\1</code>", escape(text)))


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document()
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(found)


def _errors() -> list[dict[str, Any]]:
    places = [ANYWHERE, *(name for name in registry.contracts if name != "seam")]
    general = [
        {
            "status": status,
            "title": title,
            "detail": marked(str(detail)),
            "codes": [f"{place}.{code}" for place in places],
        }
        for status, (code, title, detail) in SAID.items()
    ]
    special = sorted({error.code for error in ContractError.__subclasses__() if error.code})
    return [*general, {"status": "", "title": "", "detail": "", "codes": special}]
