"""Whatever is sent to the API is answered as its OpenAPI document says, in JSON and in XML."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, strategies
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from apps.auth import tokens
from apps.catalog import service
from apps.catalog.drafts import Draft
from monolith.rest import xml
from monolith.wsgi import application

pytestmark = pytest.mark.django_db(databases="__all__")
EXAMPLES = int(os.environ.get("API_EXAMPLES", "10"))
FORMS = ("application/json", "application/xml")


@schemathesis.serializer("application/xml")
def to_xml(_context: Any, value: Any) -> bytes | None:
    """In our form of XML; what can't be said in it is sent as it is."""
    try:
        return xml.write(value).encode()
    except xml.Unwritable:
        return None


@schemathesis.deserializer("application/xml", "application/problem+xml")
def from_xml(_context: Any, response: Any) -> Any:
    return xml.read(response.content)


# A cursor is what an answer said before; the first page has none.
schemathesis.openapi.format("cursor", strategies.just(""))
# 411: an upload without a body has no length. 412: nothing has the version that was made up.
REFUSED = [400, 401, 403, 404, 405, 406, 409, 411, 412, 413, 415, 422]
config = schemathesis.config.SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}}
)
# Which categories and attributes there are, what is a picture and whose, what was sent before, what XML can write: no
# schema says it.
KNOWS_MORE = {
    "listItems",
    "searchItems",
    "createItem",
    "changeItem",
    "uploadPicture",
    "beginUpload",
    "finishUpload",
}
KNOWS_MORE |= {
    "createCategory",
    "changeCategory",
    "moveCategory",
    "deleteCategory",
    "changeAttribute",
    "changeAccount",
}


def closed(environ: Any, start_response: Any) -> list[bytes]:
    """An answer is closed, as servers do, and with it the files that were uploaded; schemathesis does not."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", closed, config=config)


@pytest.fixture
def called(
    alice: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """What a program of Alice's sends, whom nothing slows down; there are items to be found."""
    monkeypatch.setattr(settings, "API_RATE", 1_000_000)
    for signal in (request_started, request_finished):  # as in Django's own test client
        signal.disconnect(close_old_connections)
    for number in range(3):
        service.create_item(Draft(title=f"Boat {number}"), owner_id=alice.id, published=bool(number))
    token = tokens.make_token(person_id=alice.id, name="tests", scopes=list(tokens.SCOPES), days=7)
    yield {"Authorization": f"Bearer {token}"}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    if "assets" in request.node.name:
        gc.collect()  # files that were uploaded are closed with their answer, which schemathesis does not close


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it closes no answer
@pytest.mark.parametrize("form", FORMS)
@schema.parametrize()
@examples(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_is_answered_as_the_document_says(
    case: schemathesis.Case, form: str, called: dict[str, str]
) -> None:
    operation = case.operation.definition.raw["operationId"]
    excluded = [positive_data_acceptance] if operation in KNOWS_MORE else []
    if operation == "uploadPicture":  # in a form all is text: a boolean can't be told from a word
        excluded.append(negative_data_rejection)
    case.call_and_validate(headers=called | {"Accept": form}, excluded_checks=excluded)
