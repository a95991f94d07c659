"""What every template may use: the shop's name, and links that hold in every topology. Touches no session."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from monolith.web.links import LINKS


def site(request: HttpRequest | None = None) -> dict[str, Any]:
    return {"site_name": settings.SITE_NAME, "links": LINKS}
