"""Which URLs belong to which context: read by the gateway's configuration and by the page "elsewhere".

A prefix that ends with a slash takes all below it, and itself without the slash; one without takes that address alone.
"""

from __future__ import annotations

PREFIXES = {
    "auth": (
        "/accounts/",
        "/admin/",
        "/.well-known/change-password",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/identity/",
        "/api/v1/account/",
    ),
    "media": ("/pictures/", "/media/", "/api/v1/media/"),
    "catalog": (
        "/items/",
        "/categories/",
        "/menu",
        "/search/",
        "/browse/",
        "/favourites/",
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap/",
        "/editor/",
        "/api/v1/catalog/",
    ),
}
# Whose the front page is; it also says that there is nothing at an address that is nobody's.
FRONT = "catalog"
# Pages that are the same for everybody who is not signed in: below these, and the front page.
PAGES = ("/items/", "/categories/", "/browse", "/search", "/menu")
RENDITIONS = "/media/r/"
# What every service answers alike.
SHARED = (
    "/static/",
    "/language",
    "/offline",
    "/sw.js",
    "/favicon.ico",
    "/manifest.webmanifest",
    "/api/reference",
    "/api/v1/openapi.json",
    "/livez",
    "/readyz",
)


def owner_of(path: str) -> str | None:
    """The context whose URL that is; None where it is everybody's or nobody's."""
    if path == "/":
        return FRONT
    return next((name for name, prefixes in PREFIXES.items() if covers(prefixes, path)), None)


def covers(prefixes: tuple[str, ...], path: str) -> bool:
    return any(
        path.startswith(prefix) or path == prefix.removesuffix("/")
        if prefix.endswith("/")
        else path == prefix
        for prefix in prefixes
    )
