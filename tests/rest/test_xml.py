"""XML says exactly what JSON says, and lets nothing hostile in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.utils.encoders import JSONEncoder

from monolith.rest import xml

WRITABLE = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
) | st.sampled_from("\t\n\r\x85\u2028<>&\"'")
TEXTS = st.text(WRITABLE)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
ODD = {
    "": "no name",
    "an odd key": " spaced \r\n\t",
    "1st": 1,
    "xml": True,
    "Größe": [[], [[]], {}, [None, "", 0, False, 0.0, -0.0]],
    "entry": {"item": [], "entry": None},
    'q"\n\t\r<': 10**50,
    "cdata": "]]><!-- & -->",
    "type": {"type": "null", "key": "x"},
}


def read(text: str) -> xml.Json:
    return xml.read(text.encode())


def same(one: object, other: object) -> bool:
    """Equal with its types and order: 1 is no 1.0 and no True."""
    return json.dumps(one) == json.dumps(other)


@pytest.mark.slow
@settings(max_examples=300)
@given(VALUES)
def test_what_is_written_is_read_as_it_was(value: object) -> None:
    assert same(read(xml.write(value)), value)
    assert same(read(xml.write(value, root="problem", namespace=xml.PROBLEM)), value)


def test_odd_keys_empty_things_and_nested_lists_too() -> None:
    assert same(read(xml.write(ODD)), ODD)


def test_what_json_makes_plain_is_plain_here_too() -> None:
    rich = {"id": UUID(int=7), "price": Decimal("1.50"), "at": datetime(2026, 1, 2, tzinfo=UTC), "of": (1, 2)}
    plain = json.loads(json.dumps(rich, cls=JSONEncoder))
    assert same(read(xml.write(rich, plain=JSONEncoder().default)), plain)


@given(st.text(st.characters(categories=["Cs", "Cc"]) | st.sampled_from("\ufffe\uffff"), min_size=1))
def test_a_character_that_xml_lacks_is_refused_or_comes_back(text: str) -> None:
    if xml.UNWRITABLE.search(text):
        with pytest.raises(xml.Unwritable, match=r"U\+"):
            xml.write({"a": text})
    else:
        assert read(xml.write({"a": text})) == {"a": text}


@pytest.mark.parametrize("value", ["\x00", {"\x1f": 1}, ["\ud800"], float("nan"), float("inf"), {"￾": 1}])
def test_what_can_not_be_written_is_said(value: object) -> None:
    with pytest.raises(xml.Unwritable):
        xml.write(value)


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _level in range(levels - 1):
        value = [value]
    return value


def test_thirty_two_levels_and_not_one_more() -> None:
    deepest = nested(xml.DEPTH)
    assert read(xml.write(deepest)) == deepest
    with pytest.raises(xml.Unwritable):
        xml.write(nested(xml.DEPTH + 1))
    with pytest.raises(xml.Unreadable, match="32 levels"):
        read('<a type="array">' * (xml.DEPTH + 1))
    with pytest.raises(xml.Unreadable):
        read("<a>" * 80_000)


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY e "e">]><a>&e;</a>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]><a/>',
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>',
        "<a>&unknown;</a>",
        '<?xml-stylesheet href="x.xsl"?><a/>',
        "<a><?php echo 1 ?></a>",
        '<a xmlns="http://www.w3.org/1999/xhtml"/>',
        '<a xmlns:x="urn:x"><x:b/></a>',
        '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></a>',
        '<a href="x"/>',
        '<a type="decimal">1</a>',
        '<a type="integer">1.0</a>',
        '<a type="integer">١</a>',
        '<a type="integer">01</a>',
        f'<a type="integer">{"9" * 5000}</a>',
        '<a type="number">NaN</a>',
        '<a type="number">1e999</a>',
        '<a type="boolean">yes</a>',
        '<a type="null">0</a>',
        '<a type="object">text</a>',
        '<a type="array">text<item/></a>',
        '<a type="string"><b/></a>',
        "<a>text<b/></a>",
        "<a><b/>text</a>",
        "<a><b/><b/></a>",
        '<a><b/><entry key="b"/></a>',
        "<a>",
        "<a/><b/>",
        "<a>\x00</a>",
        "<a>&#1;</a>",
        "<a>&#xd800;</a>",
        '<a b="1" b="2"/>',
        "",
        "text",
        "{}",
    ],
)
def test_what_is_hostile_or_wrong_is_refused_with_a_sentence(document: str) -> None:
    with pytest.raises(xml.Unreadable) as refused:
        read(document)
    assert len(str(refused.value)) > 10


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7", "cp037"])
def test_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(xml.Unreadable):
        xml.read(
            f'<?xml version="1.0" encoding="{encoding}"?><a>+AD4-</a>'.encode(encoding, "replace") + b"\xff"
        )


def test_what_a_person_types_by_hand_is_understood() -> None:
    typed = """<?xml version="1.0"?>
    <item>
      <!-- laid out, without the types that are not needed -->
      <title>Dunes &amp; <![CDATA[<sea>]]></title>
      <translations><es><title>Dunas</title></es></translations>
      <pictures type="array"/>
      <price/>
    </item>"""
    assert read(typed) == {
        "title": "Dunes & <sea>",
        "translations": {"es": {"title": "Dunas"}},
        "pictures": [],
        "price": "",
    }
