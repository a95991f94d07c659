"""Signatures, on the site's side and on the function's: the same, and nothing else is believed."""

from __future__ import annotations

import itertools
import time
from types import ModuleType

import pytest

import functions.runtime.signing
import seam.signing

SIDES = [seam.signing, functions.runtime.signing]
KEY, OTHER, THIRD = "a" * 32, "b" * 32, "c" * 32
BODY = b'{"specversion": "1.0"}'


@pytest.fixture(params=SIDES, ids=["site", "function"])
def side(request: pytest.FixtureRequest) -> ModuleType:
    return request.param


@pytest.mark.parametrize(("signs", "verifies"), list(itertools.product(SIDES, repeat=2)))
def test_what_one_side_signs_the_other_believes(signs: ModuleType, verifies: ModuleType) -> None:
    assert verifies.verify([KEY], signs.sign([KEY], "one", BODY), BODY) == "one"


def test_it_is_the_signature_of_standard_webhooks(side: ModuleType) -> None:
    """The example in the documentation of Svix, where the standard comes from."""
    secret, body = "whsec_plJ3nmyCDGBKInavdOK15jsl", b'{"event_type":"ping","data":{"success":true}}'
    found = side.signature(secret, "msg_loFOjxBNrRLzqYUf", "1731705121", body)
    assert found == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_a_body_that_was_changed_is_not_believed(side: ModuleType) -> None:
    with pytest.raises(side.Forged, match="does not fit"):
        side.verify([KEY], side.sign([KEY], "one", BODY), BODY + b" ")


def test_an_id_or_a_time_that_was_changed_is_not_believed(side: ModuleType) -> None:
    signed = side.sign([KEY], "one", BODY)
    for header, value in ((side.ID, "two"), (side.TIME, str(int(signed[side.TIME]) + 1))):
        with pytest.raises(side.Forged, match="does not fit"):
            side.verify([KEY], signed | {header: value}, BODY)


def test_another_key_is_not_believed(side: ModuleType) -> None:
    with pytest.raises(side.Forged, match="same FUNCTION_KEY"):
        side.verify([OTHER, THIRD], side.sign([KEY], "one", BODY), BODY)


def test_while_keys_change_both_are_believed_and_the_first_signs(side: ModuleType) -> None:
    assert side.verify([OTHER, KEY], side.sign([KEY], "one", BODY), BODY) == "one"
    assert side.verify([KEY], side.sign([KEY, OTHER], "one", BODY), BODY) == "one"


@pytest.mark.parametrize(
    ("age", "believed"), [(0, True), (290, True), (-290, True), (310, False), (-310, False)]
)
def test_a_message_is_believed_for_five_minutes(
    side: ModuleType, monkeypatch: pytest.MonkeyPatch, age: int, believed: bool
) -> None:
    signed = side.sign([KEY], "one", BODY)
    now = time.time()
    monkeypatch.setattr(side.time, "time", lambda: now + age)
    if believed:
        assert side.verify([KEY], signed, BODY) == "one"
    else:
        with pytest.raises(side.Forged, match="Set the clocks right"):
            side.verify([KEY], signed, BODY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "one"},
        {"webhook-id": "one", "webhook-timestamp": "1", "webhook-signature": ""},
        {"webhook-id": "one", "webhook-timestamp": "soon", "webhook-signature": "v1,x"},
        {"webhook-id": "one", "webhook-timestamp": "١٢٣", "webhook-signature": "v1,x"},
        {"webhook-id": "one", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,x"},
        {"webhook-id": "", "webhook-timestamp": "1", "webhook-signature": "v1,x"},
    ],
)
def test_what_is_not_signed_whole_is_refused(side: ModuleType, headers: dict[str, str]) -> None:
    with pytest.raises(side.Forged, match="not signed"):
        side.verify([KEY], headers, BODY)


def test_of_several_signatures_one_has_to_fit(side: ModuleType) -> None:
    signed = side.sign([KEY], "one", BODY)
    both = f"v1,bm9uc2Vuc2U= v2,ü {signed[side.SIGNATURE]}"
    assert side.verify([KEY], signed | {side.SIGNATURE: both}, BODY) == "one"
