"""`{% once %}…{% endonce %}`: what is the same on every page of a language is made once in each process."""

from __future__ import annotations

from django import template
from django.template import Context, NodeList
from django.template.base import Parser, Token
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


class Once(template.Node):
    """Its body depends on the settings and the language, and on nothing else of the context: no request, no person."""

    def __init__(self, body: NodeList) -> None:
        self.body = body
        self.made: dict[str | None, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        language = get_language()
        if language not in self.made:
            self.made[language] = self.body.render(context)
        return self.made[language]


@register.tag
def once(parser: Parser, _token: Token) -> Once:
    body = parser.parse(("endonce",))
    parser.delete_first_token()
    return Once(body)
