"""The checks of the journeys can fail: each is shown what it is there to find."""

import pytest

from tests.journeys.axe import violations
from tests.journeys.conftest import Window
from tests.journeys.visitors import Visitor

# How a page looks does not depend on where it was made: test_same.py compares the pages of all topologies.
pytestmark = [pytest.mark.browser, pytest.mark.topologies("embedded")]


def test_axe_sees_a_picture_without_words_and_grey_on_grey(visitor: Visitor) -> None:
    visitor.page.set_content(
        "<!doctype html><title>x</title><main><h1>x</h1><img src='data:,'>"
        "<p style='color:#999;background:#aaa'>hard to read</p></main>"
    )
    found = "\n".join(violations(visitor.page))
    assert "image-alt" in found
    assert "color-contrast" in found
    assert "html-has-lang" in found


def test_axe_sees_what_is_hard_to_read_in_the_dark_only(visitor: Visitor) -> None:
    visitor.page.set_content(
        "<!doctype html><html lang=en><title>x</title>"
        "<style>@media (prefers-color-scheme: dark) { p { color: #999; background: #aaa } }</style>"
        "<main><h1>x</h1><p>easy to read by day</p></main>"
    )
    (found,) = violations(visitor.page)
    assert found.startswith("color-contrast (")


def test_a_style_the_policy_refuses_is_noticed(visitor: Visitor) -> None:
    visitor.go("/offline")
    visitor.page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert "Content Security Policy" in "".join(visitor.wrong)
    visitor.wrong.clear()


def test_an_error_in_a_script_is_noticed(visitor: Visitor) -> None:
    visitor.go("/offline")
    visitor.page.evaluate("setTimeout(() => { throw new Error('planted') })")
    visitor.page.wait_for_timeout(100)
    assert "planted" in "".join(visitor.wrong)
    visitor.wrong.clear()


def test_a_request_that_failed_is_noticed(visitor: Visitor) -> None:
    visitor.go("/offline")
    visitor.page.evaluate("fetch('/no-such-thing')")
    visitor.page.wait_for_timeout(300)
    assert "/no-such-thing answered 404" in "".join(visitor.wrong)
    visitor.wrong.clear()


def test_a_page_wider_than_its_window_is_noticed(window: Window) -> None:
    phone = window(phone=True)
    phone.go("/offline")
    assert not phone.scrolls_sideways()
    phone.page.evaluate("document.querySelector('main').append('x'.repeat(400))")
    phone.page.evaluate(
        "document.querySelector('main').lastChild.parentElement.attributeStyleMap.set('white-space', 'nowrap')"
    )
    assert phone.scrolls_sideways()
