"""Every URL of the site; a context that is not here answers none."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("", include("monolith.web.urls"))]
for context in settings.HERE:
    urlpatterns.append(path("", include(f"{context.app}.urls")))

if settings.AUTH_IS_HERE:
    from django.contrib import admin

    admin.autodiscover()
    admin.site.site_header = admin.site.site_title = settings.SITE_NAME
    urlpatterns.append(path("admin/", admin.site.urls))

# monolith.web answers errors: pages for people, JSON under /api/. allauth asks for handler429.
handler400 = "monolith.web.views.bad_request"
handler403 = "monolith.web.views.permission_denied"
handler404 = "monolith.web.views.not_found"
handler429 = "monolith.web.views.too_many_requests"
handler500 = "monolith.web.views.server_error"
