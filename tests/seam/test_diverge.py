"""What differs on purpose between a plain call, one through the bytes, and one to another process.

Whoever writes a caller should know it. All else is the same: see test_binding.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from apps.media.contract import AssetNotFound
from seam import use
from seam.address import MAX_MESSAGE_BYTES
from seam.codec import InvalidMessage
from seam.request import budget
from seam.wire import CallFailed, Unavailable
from tests.seam import keeper, values
from tests.seam.sample import Part, Sample


def test_identity(bound: str) -> None:
    """A plain call hands over the very object; the wire an equal one."""
    thing = values.thing()
    assert (use(Sample).get_thing(thing=thing) is thing) == (bound == "local")


def test_a_list_one_changes_afterwards(bound: str) -> None:
    """Frozen is only the dataclass: a list inside is shared by a plain call."""
    mine = values.thing(numbers=[1])
    theirs = use(Sample).get_thing(thing=mine)
    mine.numbers.append(2)
    assert theirs.numbers == ([1, 2] if bound == "local" else [1])


def test_a_value_of_another_type(bound: str) -> None:
    """A plain call checks no types, mypy does; the wire checks every value."""
    tupled = values.thing(parts=(Part(name="a"),))
    if bound == "local":
        assert use(Sample).get_thing(thing=tupled).parts == (Part(name="a"),)
    else:
        with pytest.raises(InvalidMessage, match=r"sample\.get_thing: thing: parts: must be list, not tuple"):
            use(Sample).get_thing(thing=tupled)


def test_a_number_too_large(bound: str) -> None:
    """Python's integers have no end; the wire's have 64 bits."""
    large = values.thing(number=2**63)
    if bound == "local":
        assert use(Sample).get_thing(thing=large).number == 2**63
    else:
        with pytest.raises(InvalidMessage, match="does not fit into 64 bits"):
            use(Sample).get_thing(thing=large)


def test_a_whole_number_for_a_float(bound: str) -> None:
    """Python lets an int stand for a float; after the wire it is one."""
    ratio = use(Sample).get_thing(thing=values.thing(ratio=3)).ratio
    assert (ratio, type(ratio)) == (3, int if bound == "local" else float)


def test_a_naive_datetime(bound: str) -> None:
    """Nobody else can know which zone was meant."""
    naive = values.thing(at=datetime(2026, 1, 1))  # noqa: DTZ001
    if bound == "local":
        assert use(Sample).get_thing(thing=naive).at.tzinfo is None
    else:
        with pytest.raises(InvalidMessage, match="must be an aware datetime"):
            use(Sample).get_thing(thing=naive)


def test_the_zone_of_a_datetime(bound: str) -> None:
    """The moment crosses, and not where it was told."""
    bogota = timezone(timedelta(hours=-5))
    at = use(Sample).get_thing(thing=values.thing(at=datetime(2026, 1, 1, 19, tzinfo=bogota))).at
    assert at == datetime(2026, 1, 2, tzinfo=UTC)
    assert at.tzinfo is (bogota if bound == "local" else UTC)


def test_no_number(bound: str) -> None:
    """NaN is no price, and no other language's decimal has one."""
    nan = values.thing(price=Decimal("NaN"))
    if bound == "local":
        assert use(Sample).get_thing(thing=nan).price.is_nan()
    else:
        with pytest.raises(InvalidMessage, match="NaN is no number to count with"):
            use(Sample).get_thing(thing=nan)


def test_a_text_marked_safe(bound: str) -> None:
    """Whether text may stand in HTML unescaped is not for another process to say."""
    text = use(Sample).get_thing(thing=values.thing(text=mark_safe("<b>"))).text
    assert isinstance(text, SafeString) == (bound == "local")


def test_a_lazy_translation(bound: str) -> None:
    """It has no text until somebody's language is known: make it text before it crosses."""
    lazy = values.thing(text=gettext_lazy("Search"))
    if bound == "local":
        assert use(Sample).get_thing(thing=lazy).text == "Search"
    else:
        with pytest.raises(InvalidMessage, match="must be str, not __proxy__"):
            use(Sample).get_thing(thing=lazy)


def test_what_nobody_anticipated(bound: str, caplog: pytest.LogCaptureFixture) -> None:
    """A bug arrives as itself by a plain call; through the wire only that there was one. The keeper's log has it."""
    with pytest.raises(ZeroDivisionError if bound == "local" else CallFailed) as caught:
        use(Sample).get_failure(kind="bug")
    if bound != "local":
        assert str(caught.value) == "sample.get_failure failed: ZeroDivisionError."
        assert "10.0.0.7" in caplog.text


def test_a_database_that_does_not_answer(bound: str) -> None:
    """To another process it is the whole service that does not answer, which may pass."""
    expected = {"local": OperationalError, "wire": CallFailed, "remote": Unavailable}[bound]
    with pytest.raises(CallFailed if bound != "local" else OperationalError) as caught:
        use(Sample).get_failure(kind="database")
    assert type(caught.value) is expected
    assert ("10.0.0.7" in str(caught.value)) == (bound == "local")


def test_the_time_of_a_request(bound: str) -> None:
    """Only another process can keep a request waiting, so only there a call may come too late."""
    with budget(0.01):
        if bound == "remote":
            with pytest.raises(Unavailable, match="used up"):
                use(Sample).get_language()
        else:
            assert use(Sample).get_language() == "en"


def test_a_huge_value(bound: str) -> None:
    """A message has eight megabytes at most: let a file cross by its name."""
    huge = values.thing(text="x" * (MAX_MESSAGE_BYTES + 1))
    if bound == "remote":
        with pytest.raises(CallFailed, match="RESOURCE_EXHAUSTED"):
            use(Sample).get_thing(thing=huge)
    else:
        assert use(Sample).get_thing(thing=huge) == huge


def test_an_error_of_another_contract(bound: str) -> None:
    """A declared error belongs to its contract: another's that slips through is a bug."""
    with pytest.raises(AssetNotFound if bound == "local" else CallFailed):
        use(Sample).get_failure(kind="foreign")


def test_a_context_variable(bound: str) -> None:
    """Nothing crosses unseen: what a request carries stands in seam/request.py."""
    token = keeper.hidden.set("x")
    try:
        assert use(Sample).get_hidden() == ("x" if bound == "local" else "")
    finally:
        keeper.hidden.reset(token)
