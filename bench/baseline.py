"""What our pages are compared with: a bare Django site that returns ready bytes, or renders cards from memory.

/bytes/<size>     a view that returns `size` bytes it holds
/template/<size>  a page of about `size` bytes made by Django's template engine from plain values, no database
"""

from __future__ import annotations

from functools import cache

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path

BASE = """{% load i18n static %}<!doctype html><html lang="{{ language }}"><head><meta charset="utf-8">
<title>{% block title %}{% endblock %}</title><link rel="stylesheet" href="{% static 'site.css' %}"></head><body>
<header><a href="{% url 'front' %}">{{ site }}</a><form action="{% url 'front' %}"><label>{% translate "Search" %}
<input name="q"></label></form></header><main>{% block main %}{% endblock %}</main></body></html>"""
LIST = """{% extends "base.html" %}{% load i18n %}{% block title %}{% translate "Works" %}{% endblock %}
{% block main %}<h1>{% translate "Works" %}</h1><ul>{% for card in cards %}{% include "card.html" %}{% endfor %}</ul>
{% endblock %}"""
CARD = """{% load i18n %}<li><a href="{{ card.url }}">{% include "picture.html" with picture=card.picture %}
<h2>{{ card.title }}</h2><p>{% blocktranslate with artist=card.artist %}by {{ artist }}{% endblocktranslate %}</p>
{% if card.price %}<p>{{ card.price|floatformat:2 }} €</p>{% else %}<p>{% translate "Sold" %}</p>{% endif %}</a></li>
"""
PICTURE = """<picture>{% for source in picture.sources %}
<source type="{{ source.type }}" sizes="{{ sizes }}" srcset="{{ source.srcset }}">{% endfor %}
<img src="{{ picture.src }}" width="{{ picture.width }}" height="{{ picture.height }}" alt="{{ picture.alt }}"
{% if forloop.counter > 4 %}loading="lazy"{% endif %}></picture>"""

TEMPLATES = {"base.html": BASE, "list.html": LIST, "card.html": CARD, "picture.html": PICTURE}
LOCMEM = "django.template.loaders.locmem.Loader"

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    SECRET_KEY="of a site that holds nothing",
    ROOT_URLCONF=__name__,
    # What `django-admin startproject` gives.
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.cached.Loader", [(LOCMEM, TEMPLATES)])],
            },
        }
    ],
    STATIC_URL="/static/",
    USE_I18N=True,
)
django.setup()


def card(number: int) -> dict[str, object]:
    """A card of plain values: its addresses are strings already, nothing is looked up."""
    title = f"A work of art & its frame, number {number}"
    files = [(f"/media/r/{number:064x}/{width}", width) for width in (320, 640, 1280)]
    sources = [
        {"type": f"image/{kind}", "srcset": ", ".join(f"{file}.{kind} {width}w" for file, width in files)}
        for kind in ("avif", "webp")
    ]
    picture = {"sources": sources, "src": f"{files[1][0]}.jpg", "width": 640, "height": 480, "alt": title}
    return {
        "url": f"/items/work-{number}",
        "title": title,
        "artist": "Somebody",
        "price": 120.5,
        "picture": picture,
    }


def render(cards: list[dict[str, object]]) -> str:
    return render_to_string(
        "list.html", {"language": "en", "site": "Baseline", "sizes": "20rem", "cards": cards}
    )


@cache
def cards_for(size: int) -> list[dict[str, object]]:
    """As many cards as make a page of about `size` bytes."""
    empty, one = len(render([])), len(render([card(1)]))
    return [card(number) for number in range(max(1, round((size - empty) / (one - empty))))]


@cache
def body(size: int) -> bytes:
    return b"x" * size


def ready_bytes(request: HttpRequest, size: int) -> HttpResponse:
    return HttpResponse(body(size))


def made_by_template(request: HttpRequest, size: int) -> HttpResponse:
    return HttpResponse(render(cards_for(size)))


urlpatterns = [
    path("bytes/<int:size>", ready_bytes),
    path("template/<int:size>", made_by_template),
    path("", ready_bytes, name="front"),
]
application = get_wsgi_application()
