"""Where the pages are that every page links to. Paths, because they hold wherever a context runs.

A gateway sends a prefix to another process without a URL changing, so a process that serves only accounts still
links to the catalogue's search. A test compares each path with the URL of that name.
"""

URL_NAMES = {
    "front": ("catalog:front", "/"),
    "search": ("catalog:search", "/search"),
    "suggest": ("catalog:suggest", "/search/suggest"),
    "categories": ("catalog:categories", "/categories/"),
    "menu": ("catalog:menu", "/menu"),
    "favourites": ("catalog:favourites", "/favourites/"),
    "editor": ("catalog:editor", "/editor/"),
    "pictures": ("media:pictures", "/pictures/"),
    "originals": ("media:download", "/pictures/download"),
    "account": ("auth:account", "/accounts/"),
    "sign_in": ("account_login", "/accounts/login/"),
    "sign_out": ("account_logout", "/accounts/logout/"),
    "sign_up": ("account_signup", "/accounts/signup/"),
    "admin": ("admin:index", "/admin/"),
    "reference": ("reference", "/api/reference"),
    "language": ("language", "/language"),
}
LINKS = {key: path for key, (_, path) in URL_NAMES.items()}
