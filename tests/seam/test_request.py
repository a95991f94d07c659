"""The id of a request: the gateway's where it is sane, ours otherwise, told in every answer."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from seam.request import RequestIdMiddleware, current_request_id


def answer(**headers: str) -> tuple[str, str]:
    """The id a view saw and the id the answer told."""
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(current_request_id())
        return HttpResponse()

    response = RequestIdMiddleware(view)(RequestFactory(headers=headers).get("/"))
    return seen[0], response.headers["X-Request-ID"]


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd8448eb211c80319c", "web-1:42/7_x.y+z=", "x" * 64])
def test_a_sane_id_is_kept(given: str) -> None:
    assert answer(**{"X-Request-ID": given}) == (given, given)


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "<script>", "é", "a;b", "a,b", "%0a"])
def test_any_other_is_replaced(given: str) -> None:
    seen, told = answer(**{"X-Request-ID": given})
    assert seen == told
    assert len(told) == 32
    assert told != given


def test_each_request_has_its_own_and_none_is_left_behind() -> None:
    assert answer()[0] != answer()[0]
    assert current_request_id() == ""


def test_a_view_that_fails_leaves_none_behind() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RequestIdMiddleware(view)(RequestFactory().get("/"))
    assert current_request_id() == ""


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/accounts/login/"])
def test_the_site_tells_it_on_every_page(client: Client, path: str) -> None:
    assert client.get(path, headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
