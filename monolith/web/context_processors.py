"""What every template may use: the name and address of the shop, links that hold everywhere. Touches no session."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from monolith.web.links import LINKS
from seam.watcher import cannot_save


def site(request: HttpRequest | None = None) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "links": LINKS,
        "cannot_save": SimpleLazyObject(cannot_save),
    }
