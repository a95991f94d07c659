"""A process that knows of auth only where its public keys are: python -m tests.auth.verifier PORT JWKS_URL ISSUER

It has no database, no context and no session; `apps.auth.client` tells it who is calling.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path


def whoami(request: HttpRequest) -> HttpResponse:
    who = request.principal
    return JsonResponse(
        {"name": who.name, "role": who.role.value}, status=200 if who.is_authenticated else 401
    )


def loaded(request: HttpRequest) -> HttpResponse:
    """What of the house this process has imported."""
    ours = sorted(name for name in sys.modules if name.partition(".")[0] in {"apps", "monolith", "allauth"})
    return JsonResponse({"modules": ours, "databases": list(settings.DATABASES["default"]["ENGINE"].split())})


def away(request: HttpRequest) -> HttpResponse:
    return HttpResponse("away", status=HTTPStatus.SERVICE_UNAVAILABLE)


urlpatterns = [path("whoami", whoami), path("loaded", loaded)]
handler500 = away


def main(port: str, jwks_url: str, issuer: str) -> None:
    settings.configure(
        SECRET_KEY="of no use to anybody " * 3,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["apps.auth.client.PrincipalMiddleware"],
        CACHES={
            name: {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
            for name in ("default", "sessions")
        },
        SITE_URL=issuer,
        JWT_AUDIENCE="offshoot",
        AUTH_JWKS_URL=jwks_url,
        SESSION_TRUST_SECONDS=1,
        SESSION_GRACE_SECONDS=900,
    )
    django.setup()
    make_server("127.0.0.1", int(port), get_wsgi_application()).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
