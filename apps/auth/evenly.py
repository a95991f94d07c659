"""Forms that take an address answer after as long for one that is known as for one that isn't."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

FORMS = frozenset({"account_login", "account_signup", "account_reset_password"})
# Longer than hashing a password takes, so that nearly every answer is given at the first step.
STEP = 0.5  # seconds


class EvenTime:
    """Middleware before the session's, which writes other rows for one that is known: answers wait for the next step.

    Whoever is signed in by what they sent has shown that they know, and does not wait.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        if _tells(request):
            time.sleep((began - time.monotonic()) % STEP)
        return response


def _tells(request: HttpRequest) -> bool:
    match = request.resolver_match
    is_form = request.method == "POST" and match is not None and match.url_name in FORMS
    return is_form and not request.user.is_authenticated
