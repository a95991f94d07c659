"""`{% script "web/js/site.js" %}`: a script of ours, run only if it is what it was when it was collected."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
@cache
def script(name: str, *, defer: bool = True) -> SafeString:
    """The element for the static file `name`, with its Subresource Integrity."""
    waits = mark_safe(" defer" if defer else "")
    return format_html(
        '<script src="{}"{}{}></script>', staticfiles_storage.url(name), _integrity(name), waits
    )


def _integrity(name: str) -> SafeString:
    """Nothing where files are not collected: there they may change at any moment."""
    files: Any = staticfiles_storage
    if settings.DEBUG or not hasattr(files, "stored_name"):
        return mark_safe("")
    with files.open(files.stored_name(name)) as file:
        digest = base64.b64encode(hashlib.sha384(file.read()).digest()).decode()
    elsewhere = mark_safe(' crossorigin="anonymous"' if settings.CDN_URL else "")
    return format_html(' integrity="sha384-{}"{}', digest, elsewhere)
