"""Pages that belong to no context: errors, the language switch, and what a browser keeps for when it is offline."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from monolith.prefixes import owner_of
from monolith.rest import problems
from monolith.web.context_processors import site
from seam.request import current_request_id
from seam.wire import Unavailable

ErrorView = Callable[..., HttpResponse]

YEAR = 365 * 24 * 3600
RETRY_AFTER = 30
# The last word when even the error page can't be made, a missing static file say.
LAST_RESORT = (
    "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Error</title>"
    "<h1>Something broke on our side.</h1><p>It has been noted. Please try again in a moment.</p>"
    "<div lang=es><h1>Algo falló de nuestro lado.</h1>"
    "<p>Ya quedó registrado. Inténtalo de nuevo en un momento.</p></div>"
)


def _in_their_language(view: ErrorView) -> ErrorView:
    """An error may come before LocaleMiddleware had its turn, with the language of the request before."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            return view(request, *args, **kwargs)

    return wrapped


def _error(
    request: HttpRequest, status: HTTPStatus, sentence: str = "", *, plain: bool, name: str = ""
) -> HttpResponse:
    """The page errors/<name or status>.html; for the API a problem. Plain: needs no session or database."""
    if request.path.startswith(problems.API):
        return problems.answer(request, problems.problem_of(status, detail=sentence))
    template = f"errors/{name or status.value}.html"
    if plain:
        return HttpResponse(
            loader.render_to_string(template, {**site(), "reference": current_request_id()}), status=status
        )
    return render(request, template, status=status)


@_in_their_language
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, HTTPStatus.BAD_REQUEST, plain=True)


@_in_their_language
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, HTTPStatus.FORBIDDEN, plain=False)


@_in_their_language
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(request, HTTPStatus.FORBIDDEN, _("The form was out of date."), plain=True, name="csrf")


@_in_their_language
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if owner_of(request.path) in {context.name for context in settings.CONTEXTS if not context.is_here}:
        return elsewhere(request)
    return _error(request, HTTPStatus.NOT_FOUND, plain=False)


def elsewhere(request: HttpRequest) -> HttpResponse:
    """404 and no redirect: where the gateway is wrong, or was gone round, a redirect would come back here."""
    sentence = _("This address is served by another part of the site; the gateway should send it there.")
    response = _error(request, HTTPStatus.NOT_FOUND, sentence, plain=True, name="elsewhere")
    response.headers["Cache-Control"] = "no-store"
    return response


@_in_their_language
def method_not_allowed(request: HttpRequest) -> HttpResponse:
    return _error(request, HTTPStatus.METHOD_NOT_ALLOWED, plain=True)


@_in_their_language
def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    response = _error(request, HTTPStatus.TOO_MANY_REQUESTS, plain=True)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


@_in_their_language
def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 with Retry-After when what failed is a database or a service that does not answer: that passes."""
    if isinstance(sys.exception(), OperationalError | InterfaceError | Unavailable):
        return unavailable(request)
    return _last_page(request, HTTPStatus.INTERNAL_SERVER_ERROR)


@_in_their_language
def unavailable(request: HttpRequest) -> HttpResponse:
    response = _last_page(request, HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _last_page(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    try:
        response = _error(request, status, plain=True)
    except Exception:  # the first error is already in the log; a second must not hide its page
        response = HttpResponse(LAST_RESORT, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


# Held pages carry no CSRF token, and the worst a forged request can do here is to change the language of the page.
@csrf_exempt
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remembers the chosen language in a cookie and goes back to where they were."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = HttpResponseRedirect(target, status=HTTPStatus.SEE_OTHER)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=YEAR,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


@require_safe
@cache_control(public=True, max_age=3600)
def offline(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_offline_page())


def _offline_page() -> str:
    """Speaks all languages at once, ours first: it is kept before anybody knows who will read it."""
    return loader.render_to_string("errors/offline.html", {**site(), "languages": _languages()})


def _languages() -> list[str]:
    current = translation.get_language()
    return sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != current)


@require_safe
@cache_control(public=True, max_age=3600)
def service_worker(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_service_worker(), content_type="text/javascript; charset=utf-8")


@functools.cache
def _service_worker() -> str:
    """Keeps the offline page and what it needs, and nothing else. Its version changes with any of them."""
    with translation.override(settings.LANGUAGE_CODE):
        version = hashlib.sha256(_offline_page().encode()).hexdigest()[:12]
    names = [
        "web/css/tokens.css",
        "web/css/base.css",
        "web/css/layout.css",
        "web/css/components.css",
        "web/js/theme.js",
    ]
    files = [staticfiles_storage.url(name) for name in names]
    return loader.render_to_string(
        "web/sw.js", {"version": version, "files": json.dumps(["/offline", *files])}
    )


@require_safe
@cache_control(public=True, max_age=86400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look beside answers that aren't pages, such as a picture or JSON."""
    return HttpResponseRedirect(staticfiles_storage.url("web/logo-32.png"))


@require_safe
@cache_control(public=True, max_age=86400)
def manifest(request: HttpRequest) -> HttpResponse:
    icons = [("web/logo.svg", "any", "image/svg+xml"), ("web/logo-512.png", "512x512", "image/png")]
    body = {
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME,
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": "#fbfaf6",
        "theme_color": "#fbfaf6",
        "icons": [
            {"src": staticfiles_storage.url(name), "sizes": sizes, "type": kind}
            for name, sizes, kind in icons
        ],
    }
    return JsonResponse(body, content_type="application/manifest+json")
