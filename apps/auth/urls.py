"""Pages and API of the context."""

from django.urls import include, path

from apps.auth import views

own = ([path("", views.account, name="account")], "auth")
urlpatterns = [path("accounts/", include(own)), path("accounts/", include("allauth.urls"))]
