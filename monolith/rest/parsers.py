"""What the API takes: JSON and XML of a size that fits an item, read strictly."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from monolith.rest import xml

JSON_BYTES = 1_000_000
XML_BYTES = 256 * 1024


class BodyTooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class WrongCharset(APIException):
    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    default_code = "unsupported_media_type"


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        text = _text(stream, media_type, JSON_BYTES)
        try:
            return json.loads(text, parse_constant=_refuse, parse_float=_float)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("This is not JSON that can be read: %(error)s.") % {"error": error}) from None


class XmlParser(BaseParser):
    media_type = "application/xml"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        text = _text(stream, media_type, XML_BYTES)
        try:
            return xml.read(text.encode())
        except xml.Unreadable as error:
            raise ParseError(str(error)) from None


class TextXmlParser(XmlParser):
    """RFC 7303: another name of the same."""

    media_type = "text/xml"


def _text(stream: IO[Any], media_type: str | None, most: int) -> str:
    charset = (media_type or "").lower().partition("charset=")[2].partition(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise WrongCharset(_("Send UTF-8, not %(charset)s.") % {"charset": charset[:40]})
    body = stream.read(most + 1)
    if len(body) > most:
        raise BodyTooLarge(_("Send at most %(most)d bytes at once.") % {"most": most})
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        raise ParseError(_("The body is not UTF-8.")) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(_("%(value)s is not a number.") % {"value": constant})


def _float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text[:100])
