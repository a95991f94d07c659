"""The AWS Lambda adapter: function URLs and API Gateway (1.0 and 2.0), and direct calls that look like them."""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import Any

from functions.runtime.answering import Function, refusal
from functions.runtime.environment import function, keys


@cache
def deployed() -> Function:
    name, handle = function()
    return Function(name, handle, keys())


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """`event` has `headers`, `body` and `isBase64Encoded`; so has what is returned, and `statusCode`."""
    match event:
        case {"headers": dict() as headers, "body": str() as text}:
            answer = refusal(400, "The body is not in Base64.")
            body = _decoded(text, bool(event.get("isBase64Encoded")))
            if body is not None:
                answer = deployed().answer({str(k): str(v) for k, v in headers.items()}, body)
        case _:
            answer = refusal(400, 'Send {"headers": {…}, "body": "…"} with a signed CloudEvent in it.')
    return {
        "statusCode": answer.status,
        "headers": answer.headers,
        "body": answer.body.decode(),
        "isBase64Encoded": False,
    }


def _decoded(text: str, is_base64: bool) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if is_base64 else text.encode()
    except (binascii.Error, UnicodeEncodeError):
        return None
