"""URLs that say who is calling: a page and an API view, beside all of the site's."""

from django.http import HttpResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.auth.client import IsSignedIn, require_role
from apps.auth.contract import Role
from monolith.urls import *  # noqa: F403  its error pages
from monolith.urls import urlpatterns as of_the_site


def page(request):
    who = request.principal
    return HttpResponse(f"{who.id} {who.email} {who.name} {who.role.value}", content_type="text/plain")


class Api(APIView):
    permission_classes = (IsSignedIn,)

    def get(self, request):
        return Response({"name": request.user.name})

    post = get


urlpatterns = [
    path("whoami", page),
    path("editors", require_role(Role.EDITOR)(page)),
    path("api/whoami", Api.as_view()),
    *of_the_site,
]
