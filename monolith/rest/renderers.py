"""The two forms an answer can have, and how the one is chosen that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import renderers
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from monolith.rest import xml

JSON, XML = "application/json", "application/xml"
# What an error is called in each.
PROBLEMS = {JSON: "application/problem+json", XML: "application/problem+xml"}


QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


class JsonRenderer(renderers.JSONRenderer):
    """`?indent` and the like are not looked at."""

    def render(self, data: Any, *how: Any, **more: Any) -> bytes:
        """A problem repeats what was sent where it must, also halves of surrogate pairs, which UTF-8 lacks."""
        try:
            return bytes(super().render(data, *how, **more))
        except UnicodeEncodeError:
            return AsciiRenderer().render(data, *how, **more)

    def get_indent(self, accepted_media_type: str, renderer_context: Mapping[str, Any]) -> None:
        return None


class AsciiRenderer(JsonRenderer):
    ensure_ascii = True


class XmlRenderer(renderers.BaseRenderer):
    media_type, format, charset = XML, "xml", "utf-8"
    plain = staticmethod(JSONEncoder().default)

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        response = (renderer_context or {}).get("response")
        is_problem = response is not None and response.content_type == PROBLEMS[XML]
        return (problem_xml(data) if is_problem else xml.write(data, plain=self.plain)).encode()


def problem_xml(data: Mapping[str, Any]) -> str:
    """Repeats what was sent where it must, and so marks characters that XML lacks instead of refusing them."""
    return xml.write(_marked(data), root="problem", namespace=xml.PROBLEM, plain=XmlRenderer.plain)


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return xml.UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_marked(key): _marked(each) for key, each in value.items()}
    return [_marked(each) for each in value] if isinstance(value, list) else value


class Negotiation(BaseContentNegotiation):
    """By what `Accept` prefers, its q-values too; JSON for whoever does not mind. An error's own type is as good."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        chosen = preferred(request._request, [renderer.media_type for renderer in renderers])
        for renderer in renderers:
            if renderer.media_type == chosen:
                return renderer, renderer.media_type
        raise NotAcceptable(
            _("This address answers with application/json or application/xml. Ask for one in Accept.")
        )


def preferred(request: HttpRequest, offered: Iterable[str]) -> str | None:
    """Which of these media types an answer should have; None where none would be taken."""
    header = request.headers.get("Accept", "").strip() or "*/*"
    wanted = [_Range.of(text) for text in header.split(",") if text.strip()]
    chances = [
        (max(_quality(name, wanted) for name in (one, PROBLEMS.get(one, one))), one) for one in offered
    ]
    (quality, _specific), found = max(chances, key=itemgetter(0), default=((0.0, 0), None))
    return found if quality > 0 else None


@dataclass(frozen=True)
class _Range:
    """A media range of an Accept header. Parameters, such as a charset, are not looked at."""

    name: str
    quality: float

    @classmethod
    def of(cls, text: str) -> _Range:
        name, *parameters = (part.strip().lower() for part in text.split(";"))
        given = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        return cls(name, float(given) if QUALITY.fullmatch(given) else 1.0)

    @property
    def specificity(self) -> int:
        return 0 if self.name == "*/*" else 1 if self.name.endswith("/*") else 2

    def covers(self, name: str) -> bool:
        return self.name in ("*/*", f"{name.partition('/')[0]}/*", name)


def _quality(name: str, wanted: Iterable[_Range]) -> tuple[float, int]:
    """What the most specific range says of it, and how specific that is."""
    covering = [each for each in wanted if each.covers(name)]
    most = max(covering, key=attrgetter("specificity"), default=None)
    return (most.quality, most.specificity) if most else (0.0, 0)
