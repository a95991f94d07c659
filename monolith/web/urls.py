"""URLs that belong to no context. /livez and /readyz are answered earlier, by monolith.web.middleware.probes."""

from django.urls import path

from monolith.rest import reference
from monolith.web import views

urlpatterns = [
    path("language", views.language, name="language"),
    path("offline", views.offline, name="offline"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("api/reference", reference.page, name="reference"),
    path("api/v1/openapi.json", reference.openapi, name="openapi"),
]
