"""Pages and API of the context."""

from collections.abc import Callable, Mapping, Sequence

from allauth import urls as allauth_urls
from allauth.idp import urls as idp_urls
from allauth.idp.oidc import urls as oidc_urls
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from apps.auth import account_api, api, openid, views


def kept_by_no_cache(patterns: Sequence[URLPattern | URLResolver]) -> None:
    """allauth forbids caches to keep some of its pages; here they may keep none."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            kept_by_no_cache(pattern.url_patterns)
        else:
            pattern.callback = never_cache(pattern.callback)


def replace(
    patterns: Sequence[URLPattern | URLResolver], ours: Mapping[str, Callable[..., HttpResponse]]
) -> None:
    """Those of allauth's provider that we answer in another way."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            replace(pattern.url_patterns, ours)
        else:
            pattern.callback = ours.get(pattern.name or "", pattern.callback)


kept_by_no_cache(allauth_urls.urlpatterns)
replace(oidc_urls.urlpatterns, openid.OURS)

own = (
    [
        path("", views.account, name="account"),
        path("sessions/", views.sessions_page, name="sessions"),
        path("tokens/", views.tokens_page, name="tokens"),
        path("apps/", views.apps_page, name="apps"),
        path("data/", views.data, name="data"),
        path("data/download", views.download, name="download"),
        path("delete/", views.delete, name="delete"),
        path("token", api.Token.as_view(), name="token"),
    ],
    "auth",
)
urlpatterns = [
    path(".well-known/jwks.json", api.jwks),
    # Where password managers look for it (W3C, "A Well-Known URL for Changing Passwords").
    path(".well-known/change-password", RedirectView.as_view(pattern_name="account_change_password")),
    path("api/v1/account/", account_api.Account.as_view()),
    path("api/v1/account/sessions/", account_api.Sessions.as_view()),
    path("api/v1/account/sessions/<str:session>/", account_api.OneSession.as_view()),
    path("api/v1/account/tokens/", account_api.Tokens.as_view()),
    path("api/v1/account/tokens/<str:token>/", account_api.OneToken.as_view()),
    path("api/v1/account/apps/", account_api.Apps.as_view()),
    path("api/v1/account/apps/<str:app>/", account_api.OneApp.as_view()),
    path("api/v1/account/data/", account_api.Data.as_view()),
    path("accounts/", include(own)),
    path("accounts/", include(allauth_urls)),
    path("", include(idp_urls)),
]
