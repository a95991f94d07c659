"""`{% personal "web/account.html" %}`: what a page shows to one person and not to the next."""

from __future__ import annotations

from django import template
from django.template import Engine, RequestContext
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def personal(context: RequestContext, name: str, about: object = "") -> SafeString:
    """Include the template `name`, which uses nothing but the request, what every template may, and `about`.

    Whoever holds pages gives the request a `mark`, and so learns what to make anew for each person.
    """
    included, about = Engine.get_default().get_template(name), str(about)
    with context.push(about=about):
        made = included.render(context)
    mark = getattr(context.get("request"), "mark", None)
    return mark_safe(mark(name, about, made)) if mark else made
