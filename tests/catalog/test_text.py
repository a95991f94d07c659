"""How text becomes what machines compare."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.text import fold, price_key, slug_of, title_key, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Ñandú", "nandu"), ("ÆRØ", "aero"), ("Straße", "strasse"), ("Łódź", "lodz"), ("ﬁn", "fin"), ("İ", "i")],
)
def test_accents_and_capitals_fold_away(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_a_text_folds_as_its_letters_do_one_by_one(text):
    """Which is how highlights.py finds what was folded in what is shown."""
    assert fold(text) == "".join(map(fold, text))


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("arm/arms raised", "arm-arms-raised"),
        ("Oil paint on canvas", "oil-paint-on-canvas"),
        ("¿Qué cosa?", "que-cosa"),
        ("[title not known]", "title-not-known"),
    ],
)
def test_a_plain_text_is_its_own_slug(text, slug):
    assert slug_of(text).startswith(slug)


@pytest.mark.parametrize("pair", [("C", "C++"), ("日本", "中国"), ("a" * 100, "a" * 101), ("★", "☆")])
def test_texts_that_differ_in_more_than_punctuation_have_slugs_of_their_own(pair):
    one, other = map(slug_of, pair)
    assert one
    assert other
    assert one != other


@given(st.text(max_size=300))
def test_every_text_has_a_slug_that_fits_an_address(text):
    slug = slug_of(text, 60)
    assert 0 < len(slug) <= 60
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.text(max_size=300))
def test_words_hold_nothing_that_is_syntax_anywhere(text):
    for word in words(text):
        assert 0 < len(word) <= 40
        assert not set(word) & set("\"'*+-<>()~@%_\\ \x00")


def test_prices_sort_as_numbers_and_what_has_none_comes_last():
    item = uuid.uuid4()
    prices = [Decimal("0"), Decimal("9.99"), Decimal("10"), Decimal("9999999999.99"), None]
    keys = [price_key(price, item) for price in prices]
    assert keys == sorted(keys)
    assert max(map(len, keys)) <= 24


@given(st.text(max_size=400))
def test_a_title_key_always_fits_its_column(title):
    assert len(title_key(title, uuid.uuid4())) == 32
