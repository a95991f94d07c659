"""Work that needs no database: done here, or sent as a signed CloudEvent to where FUNCTION_<NAME>_URL says."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import urllib3
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_structured_event
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.v1.event import CloudEvent
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from seam.request import current_request_id
from seam.signing import Forged, sign, verify

CONNECT_SECONDS = 5
# AWS Lambda takes and gives six megabytes, in which a body may be a third longer.
MOST_BYTES = 4 * 1024**2
# What was asked for may still be written a little after we stopped waiting.
GRACE_SECONDS = 60


class FunctionFailed(RuntimeError):
    """A function elsewhere gave no answer that can be used; the message says which one and why."""


class TooLarge(FunctionFailed):
    """More than can travel to a function; nobody was asked."""


class NotNamed(PermissionError):
    """The job names no such file."""


class LimitedStorage(Protocol):
    """All that a function can reach: the files its job names."""

    def read(self, name: str) -> bytes:
        """Raises NotNamed, or FileNotFoundError."""
        ...

    def write(self, name: str, content: bytes, content_type: str) -> None:
        """Keep `content` under `name`, in place of what is there. Raises NotNamed."""
        ...


class LendingStorage(Protocol):
    """A storage that can hand out a URL which reads or writes one file, for so many seconds."""

    def url_to_read(self, name: str, *, seconds: int) -> str: ...

    def url_to_write(self, name: str, *, seconds: int, content_type: str) -> str: ...


@dataclass(frozen=True)
class Files:
    """The files a job names. `read`: storage by name; `write`: storage and content type by name.

    Where the function is elsewhere the storages must also be LendingStorages.
    """

    read: Mapping[str, Storage] = field(default_factory=dict)
    write: Mapping[str, tuple[Storage, str]] = field(default_factory=dict)


def _as_it_is(data: Any) -> dict[str, Any]:
    return dict(data)


def _no_files(data: Any) -> Files:
    return Files()


@dataclass(frozen=True)
class Function:
    """The work of a job, by a plain function that needs no database.

    `name`: its folder under functions/. `handle(given, storage) -> dict`, JSON both ways and at most MOST_BYTES of it
    where it is elsewhere. `given(data)`: what it is given of the job's data; `files(data)`: what it may touch.
    """

    name: str
    handle: Callable[[dict[str, Any], LimitedStorage], dict[str, Any]]
    given: Callable[[Any], dict[str, Any]] = _as_it_is
    files: Callable[[Any], Files] = _no_files

    @property
    def is_elsewhere(self) -> bool:
        return self.name in settings.FUNCTIONS

    def __call__(self, data: Any, *, subject: str, seconds: int) -> dict[str, Any]:
        """Do the work, here or elsewhere. Raises FunctionFailed, and what `handle` raises here.

        `subject` names the job; `seconds`: how long it may take.
        """
        given, files, url = self.given(data), self.files(data), settings.FUNCTIONS.get(self.name)
        if url:
            return _ask(self.name, url, given, files, subject=subject, seconds=seconds)
        return self.handle(given, _Here(files))


@dataclass(frozen=True)
class _Here:
    files: Files

    def read(self, name: str) -> bytes:
        if name not in self.files.read:
            raise NotNamed(f"The job gives nothing called {name!r} to read.")
        with self.files.read[name].open(name) as file:
            content: bytes = file.read()
        return content

    def write(self, name: str, content: bytes, content_type: str) -> None:
        storage, allowed = self.files.write.get(name, (None, ""))
        if storage is None or content_type != allowed:
            raise NotNamed(f"The job lets nothing called {name!r} be written as {content_type}.")
        file = ContentFile(content)
        file.content_type = content_type  # type: ignore[attr-defined]  # S3 storages look for it
        if (kept := storage.save(name, file)) != name:
            storage.delete(kept)
            raise OSError(f"{name!r} was kept as {kept!r}: its storage must replace what is there.")


def _ask(
    name: str, url: str, given: dict[str, Any], files: Files, *, subject: str, seconds: int
) -> dict[str, Any]:
    message_id = str(uuid.uuid4())
    attributes = {
        "id": message_id,
        "source": settings.SITE_URL,
        "type": f"offshoot.{name}.asked",
        "subject": subject,
        "datacontenttype": "application/json",
    }
    if current_request_id():
        attributes["requestid"] = current_request_id()
    data = {"input": given} | _lent(files, seconds + GRACE_SECONDS)
    message = to_structured_event(CloudEvent(attributes, data))
    if len(message.body) > MOST_BYTES:
        raise TooLarge(
            f"{name} is asked with {len(message.body)} bytes; at most {MOST_BYTES} can travel. Name a file instead."
        )
    headers = message.headers | sign(settings.FUNCTION_KEYS, message_id, message.body)
    try:
        status, headers, body = _post(url, headers, message.body, seconds)
        return _result(name, message_id, status, headers, body)
    except (urllib3.exceptions.HTTPError, Forged, ValueError) as error:
        raise FunctionFailed(f"{name} at {_shown(url)} gave no answer that can be used: {error}") from error


def _lent(files: Files, seconds: int) -> dict[str, Any]:
    """The same files, each behind a URL that ends."""
    return {
        "read": {
            name: storage.url_to_read(name, seconds=seconds)  # type: ignore[attr-defined]
            for name, storage in files.read.items()
        },
        "write": {
            name: {
                "url": storage.url_to_write(name, seconds=seconds, content_type=content_type),  # type: ignore[attr-defined]
                "content_type": content_type,
            }
            for name, (storage, content_type) in files.write.items()
        },
    }


@cache
def _connections() -> urllib3.PoolManager:
    # A job is tried again as a whole; and a signed event is for nobody it is redirected to.
    return urllib3.PoolManager(retries=False, maxsize=10)


def _post(url: str, headers: dict[str, str], body: bytes, seconds: int) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case and body of the answer. Raises ValueError for one that is too large or too slow."""
    until = time.monotonic() + seconds
    answer = _connections().request(
        "POST",
        url,
        body=body,
        headers=headers,
        redirect=False,
        preload_content=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
    )
    try:
        said = b""
        while chunk := answer.read1(64 * 1024):
            said += chunk
            if len(said) > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES} bytes")
            if time.monotonic() > until:
                raise ValueError(f"it took more than {seconds} seconds")
    finally:
        answer.close()
    return answer.status, {key.lower(): value for key, value in answer.headers.items()}, said


def _result(name: str, message_id: str, status: int, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """What a signed answer to that message says. Raises FunctionFailed, Forged, ValueError."""
    try:
        answers = verify(settings.FUNCTION_KEYS, headers, body)
    except Forged as forged:
        raise Forged(f"{status}, {body[:200].decode(errors='replace').strip()!r}. {forged}") from forged
    if answers != f"answer-to-{message_id}":
        raise Forged("It answers another message.")
    try:
        event = from_http_event(HTTPMessage(headers, body))
    except (BaseCloudEventException, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no CloudEvent 1.0, {error}") from error
    data = event.get_data()
    if not isinstance(data, dict):
        raise ValueError("its data is no object")
    if status != 200 or event.get_type() != f"offshoot.{name}.done":
        raise FunctionFailed(f"{name} answered {status}: {data.get('error') or json.dumps(data)[:500]}")
    return data


def _shown(url: str) -> str:
    """Without what may be secret in it."""
    parts = urllib3.util.parse_url(url)
    return f"{parts.scheme}://{parts.host}{f':{parts.port}' if parts.port else ''}{parts.path or ''}"
