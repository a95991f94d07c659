"""From a signed CloudEvent to a signed answer, whatever carries them: the same for HTTP and AWS Lambda."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_structured_event
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.v1.event import CloudEvent

from functions.runtime.signing import Forged, sign, verify
from functions.runtime.storage import UrlStorage

# AWS Lambda takes and gives six megabytes, in which a body may be a third longer.
MOST_BYTES = 4 * 1024**2

Handle = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Unusable(ValueError):
    """The event is signed well and still not one for this function."""


def refusal(status: int, sentence: str) -> Answer:
    """An answer to somebody we don't know, so it is not signed."""
    return Answer(status, {"content-type": "text/plain; charset=utf-8"}, f"{sentence}\n".encode())


@dataclass(frozen=True)
class Function:
    """A function where it is deployed. `keys`: shared with the site, the first signs."""

    name: str
    handle: Handle
    keys: tuple[str, ...]

    def answer(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never raises: what `handle` raises becomes a signed 500 that names it, and stands in the log in full."""
        headers = {name.lower(): value for name, value in headers.items()}
        if len(body) > MOST_BYTES:
            return refusal(413, f"The event has more than {MOST_BYTES} bytes.")
        try:
            message_id = verify(self.keys, headers, body)
        except Forged as forged:
            return refusal(401, str(forged))
        try:
            given, storage = self._given(headers, body)
        except Unusable as unusable:
            return self._signed(400, message_id, "refused", {"error": str(unusable)})
        try:
            return self._signed(200, message_id, "done", self.handle(given, storage))
        except Exception as error:
            traceback.print_exc()
            return self._signed(
                500, message_id, "failed", {"error": f"{type(error).__name__}: {error}"[:2000]}
            )

    def _given(self, headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], UrlStorage]:
        # Only what is in the body is signed, so nothing is believed that is in a ce- header.
        if not headers.get("content-type", "").startswith("application/cloudevents+json"):
            raise Unusable(
                "Send a CloudEvent 1.0 in structured mode: Content-Type application/cloudevents+json."
            )
        try:
            event = from_http_event(HTTPMessage(dict(headers), body))
        except (
            BaseCloudEventException,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            RecursionError,
        ) as error:
            raise Unusable(f"This is no CloudEvent 1.0: {str(error)[:500]}") from error
        if event.get_type() != f"offshoot.{self.name}.asked":
            raise Unusable(
                f"This is the function {self.name}; it takes events of type offshoot.{self.name}.asked."
            )
        match event.get_data():
            case {"input": dict() as given, "read": dict() as read, "write": dict() as write}:
                return given, UrlStorage(read, write)
        raise Unusable("The event's data must be an object with the objects input, read and write.")

    def _signed(self, status: int, message_id: str, outcome: str, data: dict[str, Any]) -> Answer:
        """Bound to the event it answers: its id is made of that event's."""
        attributes = {
            "id": f"answer-to-{message_id}",
            "source": f"/functions/{self.name}",
            "type": f"offshoot.{self.name}.{outcome}",
            "datacontenttype": "application/json",
        }
        json.dumps(data, allow_nan=False)  # what is no JSON is the function's mistake, told as such
        message = to_structured_event(CloudEvent(attributes, data))
        if len(message.body) > MOST_BYTES:
            raise ValueError(f"The answer has {len(message.body)} bytes; at most {MOST_BYTES} can travel.")
        return Answer(status, message.headers | sign(self.keys, attributes["id"], message.body), message.body)
